import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { Names } from './context.ts';

describe('names', () => {
	test('are assigned if the spec gives none, with a number for each kind', () => {
		const names = new Names();
		expect([names.take('drop'), names.take('drop'), names.take('nc'), names.take('drop')]).toEqual([
			'drop-1',
			'drop-2',
			'nc-1',
			'drop-3',
		]);
	});

	test('that the spec gives are used, and are skipped by the numbering', () => {
		const names = new Names();
		expect(names.take('drop', 'lost-fin')).toBe('lost-fin');
		expect(names.take('drop', 'drop-1')).toBe('drop-1');
		expect(names.take('drop')).toBe('drop-2');
	});

	test('are unique among all kinds', () => {
		const names = new Names();
		names.take('drop', 'lost-fin');
		names.take('nc');
		const taken = expect.objectContaining({ code: 'NAME_TAKEN', seen: 'lost-fin, nc-1' });
		expect(() => names.take('nc', 'lost-fin')).toThrow(taken);
		expect(() => names.take('drop', 'nc-1')).toThrow(taken);
	});

	test('can be used again in another lab', () => {
		expect([new Names(), new Names()].map((names) => names.take('drop', 'lost-fin'))).toEqual(['lost-fin', 'lost-fin']);
	});

	test.each([
		['', 'empty'],
		['Lost', 'a capital letter'],
		['1st', 'a digit first'],
		['-lost', 'a hyphen first, which would be an option for iptables'],
		['lost fin', 'a blank'],
		['lost\n', 'a line end'],
		['lost_fin', 'an underscore'],
		// With the prefix HALFOPEN-, it must fit into the 28 characters of a chain's name (XT_EXTENSION_MAXNAMELEN). The
		// limit leaves some room.
		['abcdefghijklmnopq', 'seventeen characters'],
	])('“%s” is refused: %s', (name) => {
		expect(() => new Names().take('drop', name)).toThrow(
			expect.objectContaining({ code: 'NAME_INVALID', problem: `“${name}” is not a valid name.` }),
		);
	});

	test('that are refused are not reserved', () => {
		const names = new Names();
		expect(() => names.take('drop', 'Lost')).toThrow('[NAME_INVALID]');
		names.take('drop', 'lost');
		expect(() => names.take('drop', 'lost')).toThrow(expect.objectContaining({ seen: 'lost' }));
	});

	test('of up to 16 small letters, digits and hyphens are accepted', () => {
		fc.assert(
			fc.property(fc.stringMatching(/^[a-z][a-z0-9-]{0,15}$/), (name) =>
				expect(new Names().take('drop', name)).toBe(name),
			),
		);
	});
});
