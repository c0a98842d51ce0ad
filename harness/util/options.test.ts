import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { z } from 'zod';
import { HalfopenError } from '../errors.ts';
import { checked, checkedName } from './options.ts';

const schema = z.strictObject({
	userTimeoutMs: z.number().positive().optional(),
	name: z.string().optional(),
	shape: z.strictObject({ state: z.enum(['ESTAB', 'TIME-WAIT']).optional(), sendQueue: z.int().optional() }).optional(),
});

function refusal(given: unknown): HalfopenError {
	try {
		checked(schema, given, 'host.act');
	} catch (error) {
		if (error instanceof HalfopenError) return error;
	}
	throw new Error('It was not refused.');
}

describe('options', () => {
	test('that are valid are returned unchanged', () => {
		const given = { userTimeoutMs: 3, shape: { state: 'ESTAB' } };
		expect(checked(schema, given, 'host.act')).toBe(given);
		expect(checked(schema, { name: undefined }, 'host.act')).toEqual({});
	});

	test('with an unknown name are refused with the nearest names, at any depth', () => {
		expect(refusal({ userTimeout: 3 })).toMatchObject({
			code: 'OPTION_UNKNOWN',
			problem: 'host.act: there is no option “userTimeout”.',
			seen: 'nearest: userTimeoutMs, name, shape',
			remedy: 'Correct its name, or leave it out. The options are: userTimeoutMs, name, shape.',
		});
		expect(refusal({ shape: { sendqueue: 3 } })).toMatchObject({
			code: 'OPTION_UNKNOWN',
			problem: 'host.act, shape: there is no option “sendqueue”.',
			seen: 'nearest: sendQueue, state',
		});
	});

	test('with an invalid value are refused with the expected one', () => {
		expect(refusal({ userTimeoutMs: Number.NaN })).toMatchObject({
			code: 'OPTION_INVALID',
			problem: 'host.act: userTimeoutMs cannot be NaN.',
			seen: expect.stringMatching(/expected number/),
		});
		expect(refusal({ userTimeoutMs: -1 }).seen).toMatch(/>0/);
		expect(refusal({ shape: { state: 'ESTABLISHED' } })).toMatchObject({
			code: 'OPTION_INVALID',
			problem: 'host.act: shape.state cannot be “ESTABLISHED”.',
			seen: 'nearest: ESTAB, TIME-WAIT',
			remedy: 'Give one of: ESTAB, TIME-WAIT.',
		});
		expect(refusal(undefined)).toMatchObject({ code: 'OPTION_INVALID', problem: 'host.act: it cannot be undefined.' });
	});

	test('of a union are refused with the expected values of all its members', () => {
		const refuse = () => checked(z.union([z.string(), z.instanceof(RegExp)]), 3, 'what it prints');
		expect(refuse).toThrow('seen: expected string, received number; or expected RegExp, received number');
	});

	test('of any form are accepted, or refused with a HalfopenError', () => {
		fc.assert(
			fc.property(fc.anything(), (given) => {
				const passes = schema.safeParse(given).success;
				if (passes) expect(checked(schema, given, 'host.act')).toBe(given);
				else expect(['OPTION_UNKNOWN', 'OPTION_INVALID']).toContain(refusal(given).code);
			}),
		);
	});
});

test('a name must be in the list', () => {
	expect(checkedName(['read', 'write'], 'read', 'a call')).toBe('read');
	expect(() => checkedName(['read', 'write'], 'raed', 'a call')).toThrow(
		/a call: it cannot be “raed”.*\[OPTION_INVALID\]\n {2}seen: nearest: read, write/,
	);
});
