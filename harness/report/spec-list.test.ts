import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { listSpecs, questionIn, specNamed, specTable } from './spec-list.ts';

const specs = ['abrupt-reboot', 'power-off', 'queues/accept', 'queues/full', 'loss/full'].map((name) => ({
	name,
	path: `${name}.spec.ts`,
	question: 'Why?',
}));

describe('finding a spec by name', () => {
	test.each([
		['power-off', 'power-off'],
		['puzzlers/power-off', 'power-off'],
		['specs/puzzlers/power-off.spec.ts', 'power-off'],
		['queues/accept', 'queues/accept'],
		['accept', 'queues/accept'],
	])('%s', (name, found) => {
		expect(specNamed(name, specs).name).toBe(found);
	});

	test('suggests the nearest for an unknown name', () => {
		expect(() => specNamed('powerof', specs)).toThrow(
			/no spec called powerof[^\n]*\[SPEC_UNKNOWN\][\s\S]*Did you mean power-off/,
		);
	});

	test('suggests all that share a name', () => {
		expect(() => specNamed('full', specs)).toThrow(
			/Several specs are called full[^\n]*\[SPEC_UNKNOWN\][\s\S]*(loss\/full, queues\/full|queues\/full, loss\/full)\?/,
		);
	});
});

describe('the question of a spec', () => {
	test.each([
		['/** What is left of it? And more. */\nimport x', 'What is left of it?'],
		['/**\n * The server reboots. What does\n * the client know?\n */', 'The server reboots.'],
		['/** Is tcp_retries2=5.5 valid? */', 'Is tcp_retries2=5.5 valid?'],
		['/** no full stop */', 'no full stop'],
		['import x;\n/** Later? */', ''],
		['', ''],
	])('%j', (source, question) => {
		expect(questionIn(source)).toBe(question);
	});

	test('is listed beside the name', async () => {
		const folder = await mkdtemp(join(tmpdir(), 'halfopen-specs-'));
		await mkdir(join(folder, 'puzzlers'));
		await mkdir(join(folder, 'loss'));
		await writeFile(join(folder, 'puzzlers', 'power-off.spec.ts'), '/** What does the client see? */');
		await writeFile(join(folder, 'loss', 'syn.spec.ts'), '/** What if a SYN is lost? */');
		expect(specTable(await listSpecs(folder), 80)).toEqual([
			'  power-off  What does the client see?',
			'  loss/syn   What if a SYN is lost?',
		]);
		await rm(folder, { recursive: true });
	});
});

test('a missing folder has no specs', async () => {
	expect(await listSpecs(join(tmpdir(), 'no-such-folder-of-halfopen'))).toEqual([]);
});
