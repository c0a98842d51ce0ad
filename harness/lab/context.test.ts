import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { Names } from './context.ts';

describe('names', () => {
	test('are made where none is wanted, counted by kind', () => {
		const names = new Names();
		expect([names.take('drop'), names.take('drop'), names.take('nc'), names.take('drop')]).toEqual([
			'drop-1',
			'drop-2',
			'nc-1',
			'drop-3',
		]);
	});

	test('that are wanted are given, and what is made goes round them', () => {
		const names = new Names();
		expect(names.take('drop', 'lost-fin')).toBe('lost-fin');
		expect(names.take('drop', 'drop-1')).toBe('drop-1');
		expect(names.take('drop')).toBe('drop-2');
	});

	test('stand for one thing only, whatever its kind', () => {
		const names = new Names();
		names.take('drop', 'lost-fin');
		names.take('nc');
		const taken = expect.objectContaining({ code: 'NAME_TAKEN', seen: 'lost-fin, nc-1' });
		expect(() => names.take('nc', 'lost-fin')).toThrow(taken);
		expect(() => names.take('drop', 'nc-1')).toThrow(taken);
	});

	test('may be taken again in another lab', () => {
		expect([new Names(), new Names()].map((names) => names.take('drop', 'lost-fin'))).toEqual(['lost-fin', 'lost-fin']);
	});

	test.each([
		['', 'nothing'],
		['Lost', 'a capital'],
		['1st', 'a digit first'],
		['-lost', 'a hyphen first, which iptables takes for an option'],
		['lost fin', 'a blank'],
		['lost\n', 'a line’s end'],
		['lost_fin', 'an underscore'],
		// With HALFOPEN- before it, it must fit into the 28 characters of a chain (XT_EXTENSION_MAXNAMELEN, with room to
		// spare).
		['abcdefghijklmnopq', 'seventeen characters'],
	])('“%s” is refused: %s', (name) => {
		expect(() => new Names().take('drop', name)).toThrow(
			expect.objectContaining({ code: 'NAME_INVALID', problem: `“${name}” is not a valid name.` }),
		);
	});

	test('that are refused are not taken', () => {
		const names = new Names();
		expect(() => names.take('drop', 'Lost')).toThrow('[NAME_INVALID]');
		names.take('drop', 'lost');
		expect(() => names.take('drop', 'lost')).toThrow(expect.objectContaining({ seen: 'lost' }));
	});

	test('of up to 16 small letters, digits and hyphens are taken', () => {
		fc.assert(
			fc.property(fc.stringMatching(/^[a-z][a-z0-9-]{0,15}$/), (name) =>
				expect(new Names().take('drop', name)).toBe(name),
			),
		);
	});
});
