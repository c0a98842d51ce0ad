import { expect, test } from '@jest/globals';
import { typeErrorsIn } from './spec-types.ts';

test('of what tsc says, what is about the specs that were named', () => {
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
