import { dirname, join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { execa } from 'execa';
import { PROJECT_ROOT } from '../util/project-root.ts';
import { moduleOf, snippetsIn, writeSnippets } from './fixtures/snippets.ts';

describe('the TypeScript of README.md and docs/writing-specs.md', () => {
	// tsc reads the whole harness. This takes seconds, and much longer on a busy machine.
	test('type-checks', async () => {
		const [first = ''] = await writeSnippets();
		const tsc = join(PROJECT_ROOT, 'node_modules/typescript/bin/tsc');
		const { all } = await execa(process.execPath, [tsc, '--noEmit', '-p', dirname(first)], {
			all: true,
			reject: false,
		});
		expect(all).toBe('');
	}, 180_000);
});

describe('a block of TypeScript', () => {
	const page = ['# A', '```ts', 'one();', '```', '```sh', 'ls', '```', '## B', '```ts', 'two();', '```', ''].join('\n');

	test('is named after its page, its heading and its number', () => {
		expect(snippetsIn('x.md', page)).toEqual([
			{ title: 'x.md: A 1', source: 'one();\n' },
			{ title: 'x.md: B 1', source: 'two();\n' },
		]);
	});

	test('with an import becomes a file, whatever relative path the page imports from', () => {
		const source = "import { scenario } from '../harness/index.ts';\nscenario();\n";
		expect(moduleOf({ title: 'x', source })).toBe("import { scenario } from '../../harness/index.ts';\nscenario();\n");
	});

	test('without an import becomes the body of a scenario', () => {
		expect(moduleOf({ title: 'x', source: 'await link.cut();\n' })).toMatch(
			/^import \{ .*\bscenario\b.* \} from .*;\nscenario\('x', \{\}, async \(\{ .*\blink\b.* \}\) => \{\nawait link\.cut\(\);\n\n\}\);\n$/,
		);
	});
});
