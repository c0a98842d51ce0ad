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

/** The spec files that contain a claim's id as a string: in `claims:`, in a call of `claim`, or in a table of cases. */
const specsByClaim = new Map<string, string[]>();
for (const path of readdirSync(join(PROJECT_ROOT, 'specs'), { recursive: true, encoding: 'utf8' })) {
	if (!path.endsWith('.spec.ts')) continue;
	const source = readFileSync(join(PROJECT_ROOT, 'specs', path), 'utf8');
	for (const id of ids)
		if (source.includes(`'${id}'`))
			specsByClaim.set(id, [...(specsByClaim.get(id) ?? []), specName(join('specs', path))]);
}

const doc = readFileSync(DOC, 'utf8');
/** The claims that a heading explains: `### PZ7, PZ9: an error is told once`. */
const explained = [...doc.matchAll(/^### ([^:]+):/gm)].flatMap(([, list = '']) => list.split(', '));

describe('claims, specs and docs agree', () => {
	test('every claim is judged in exactly one spec file', () => {
		expect(ids.filter((id) => !specsByClaim.has(id))).toEqual([]);
		expect([...specsByClaim].filter(([, files]) => files.length > 1)).toEqual([]);
	});

	test('docs/claims.md explains only claims of the catalogue, each once', () => {
		expect(explained.filter((id) => !isClaimId(id))).toEqual([]);
		expect(new Set(explained).size).toBe(explained.length);
	});

	test('the table of docs/claims.md is the catalogue; to update it: UPDATE_GOLDEN=1 npm test -- harness/claims', () => {
		const rows = ids.map(
			(id) =>
				`| ${id} | ${CLAIMS[id].text.replaceAll('|', '\\|')} | ` +
				`${explained.includes(id) ? '**differs**' : 'holds'} | ${specsByClaim.get(id)?.join(', ')} |`,
		);
		const table = ['| id | claim | Linux 6.18 | spec |', '|---|---|---|---|', ...rows, ''].join('\n');
		expectFile(DOC, doc.slice(0, doc.indexOf(TABLE) + TABLE.length) + table);
	});
});
