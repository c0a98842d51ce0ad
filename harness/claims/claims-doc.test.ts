import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { specName } from '../report/artifacts.ts';
import { expectFile } from '../report/fixtures/golden.ts';
import { PROJECT_ROOT } from '../util/project-root.ts';
import { CLAIMS, type ClaimId, isClaimId } from './catalogue.ts';

const DOC = new URL('../../docs/claims.md', import.meta.url);
const TABLE = '## All claims\n\n';
const ids = Object.keys(CLAIMS) as ClaimId[];

/** Which spec files name which claims, as strings: in `claims:`, in calls of `claim`, or in the rows of a family. */
const claimants = new Map<string, string[]>();
for (const path of readdirSync(join(PROJECT_ROOT, 'specs'), { recursive: true, encoding: 'utf8' })) {
	if (!path.endsWith('.spec.ts')) continue;
	const source = readFileSync(join(PROJECT_ROOT, 'specs', path), 'utf8');
	for (const id of ids)
		if (source.includes(`'${id}'`)) claimants.set(id, [...(claimants.get(id) ?? []), specName(join('specs', path))]);
}

const doc = readFileSync(DOC, 'utf8');
/** The claims that have an explanation: `### PZ7, PZ9: an error is told once`. */
const explained = [...doc.matchAll(/^### ([^:]+):/gm)].flatMap(([, list = '']) => list.split(', '));

describe('claims, specs and docs are in step', () => {
	test('every claim is judged in exactly one spec file', () => {
		expect(ids.filter((id) => !claimants.has(id))).toEqual([]);
		expect([...claimants].filter(([, files]) => files.length > 1)).toEqual([]);
	});

	test('what docs/claims.md explains are claims, each once', () => {
		expect(explained.filter((id) => !isClaimId(id))).toEqual([]);
		expect(new Set(explained).size).toBe(explained.length);
	});

	test('the table of docs/claims.md is the catalogue; to renew it: UPDATE_GOLDEN=1 npm test -- harness/claims', () => {
		const rows = ids.map(
			(id) =>
				`| ${id} | ${CLAIMS[id].text.replaceAll('|', '\\|')} | ` +
				`${explained.includes(id) ? '**differs**' : 'holds'} | ${claimants.get(id)?.join(', ')} |`,
		);
		const table = ['| id | claim | Linux 6.18 | spec |', '|---|---|---|---|', ...rows, ''].join('\n');
		expectFile(DOC, doc.slice(0, doc.indexOf(TABLE) + TABLE.length) + table);
	});
});
