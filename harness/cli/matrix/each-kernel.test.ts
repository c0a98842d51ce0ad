import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { HalfopenError } from '../../errors.ts';
import { kernelsIn } from './each-kernel.ts';

test('kernels are separated by commas, and duplicates are removed', () => {
	expect(kernelsIn('5.10, 6.1,mine,6.1')).toEqual(['5.10', '6.1', 'mine']);
});

test.each(['', ' ', '6.1,', ',6.1', '6.1,,6.12'])('rejects %j', (list) => {
	expect(() => kernelsIn(list)).toThrow(
		expect.objectContaining({ code: 'OPTION_INVALID', seen: `--kernels ${JSON.stringify(list)}` }),
	);
});

test('any list is either accepted or rejected with a HalfopenError', () => {
	fc.assert(
		fc.property(fc.array(fc.constantFrom('6.1', ' ', ',', 'mine')), (pieces) => {
			const list = pieces.join('');
			try {
				expect(kernelsIn(list).join(',')).not.toMatch(/^$|,,|^,|,$/);
			} catch (error) {
				expect(error).toBeInstanceOf(HalfopenError);
			}
		}),
	);
});
