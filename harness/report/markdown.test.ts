import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { markdown } from './markdown.ts';

const nasty = fc.constantFrom(
	'|',
	'\\',
	'\\|',
	'`',
	'**',
	'_',
	'[a](b)',
	'![',
	'<b>',
	'&lt;',
	'#',
	'~~',
	'$',
	'\n',
	'\r\n',
	'\u2028',
	'\t',
);
const text = fc
	.array(fc.oneof(nasty, fc.string({ unit: 'binary' })), { maxLength: 8 })
	.map((pieces) => pieces.join(''));

test('escaped text is one line without markup, and shows the same text', () => {
	fc.assert(
		fc.property(text, (given) => {
			const written = markdown(given);
			expect(written.replace(/\\[!-/:-@[-`{-~]/g, '')).not.toMatch(/[\\`*_{}[\]<>#|&~$\n\r]/);
			expect(written.replace(/\\([!-/:-@[-`{-~])/g, '$1')).toBe(given.replace(/\s+/g, ' '));
		}),
	);
});
