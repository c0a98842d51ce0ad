import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { paragraphsOf, parseParagraph } from './control.ts';

describe('a paragraph of a control file', () => {
	test('consists of fields; an indented line continues the field before it', () => {
		const fields = parseParagraph(
			'Package: zsh\nDepends: a,\n b (= 1:2)\nSHA256:\n 00 1 x\n 11 2 y\n\nPackage: next\n',
		);
		expect([...fields]).toEqual([
			['Package', 'zsh'],
			['Depends', 'a,\nb (= 1:2)'],
			['SHA256', '\n00 1 x\n11 2 y'],
		]);
	});

	test('ignores lines that are not part of a field', () => {
		expect([...parseParagraph(' of nothing\nno field\n more of it\n: nameless\nA: 1\n')]).toEqual([['A', '1']]);
	});

	test('is parsed from any text without an exception', () => {
		fc.assert(
			fc.property(
				fc.string({ unit: fc.constantFrom('A', ':', ' ', '\t', '\n', '\r', 'é') }),
				(text) => void parseParagraph(text),
			),
		);
	});

	test('is parsed as it was written', () => {
		const names = fc.stringMatching(/^[A-Z][A-Za-z0-9-]{0,9}$/);
		const values = fc.stringMatching(/^[a-z0-9(=.+~:]{1,12}$/);
		fc.assert(
			fc.property(fc.dictionary(names, values, { minKeys: 1 }), (fields) => {
				const text = Object.entries(fields).map(([name, value]) => `${name}: ${value}\n`);
				expect(Object.fromEntries(parseParagraph(text.join('')))).toEqual({ ...fields });
			}),
		);
	});
});

test('paragraphs are separated by empty lines', () => {
	expect(paragraphsOf('A: 1\nB: 2\n\n\nA: 3\n')).toEqual(['A: 1\nB: 2', 'A: 3\n']);
	expect(paragraphsOf('\n\n')).toEqual([]);
});
