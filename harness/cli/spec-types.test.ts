import { expect, test } from '@jest/globals';
import { typeErrorsIn } from './spec-types.ts';

test('selects the lines of tsc that are about the named specs', () => {
	const output = [
		"specs/puzzlers/half-open.spec.ts(12,3): error TS2353: 'stat' does not exist in type 'SocketShape'.",
		"  The expected type comes from 'SocketShape'.",
		'specs/states/diagram.spec.ts(1,1): error TS2304: Cannot find name.',
		'',
	].join('\n');
	expect(typeErrorsIn(output, ['specs/puzzlers'])).toEqual([
		expect.stringContaining('half-open.spec.ts(12,3): error TS2353'),
	]);
	expect(typeErrorsIn(output, ['specs/closing'])).toEqual([]);
});
