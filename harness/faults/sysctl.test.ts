import { describe, expect, test } from '@jest/globals';
import { HalfopenError } from '../errors.ts';
import { assertSysctls } from './sysctl.ts';

const KNOWN = new Set(['tcp_retries1', 'tcp_retries2', 'tcp_fin_timeout', 'ip_forward']);

describe('sysctls', () => {
	test('that a host has are taken, whatever their value: it is the kernel’s to refuse', () => {
		expect(() => assertSysctls({}, KNOWN)).not.toThrow();
		expect(() => assertSysctls({ tcp_retries2: 5, ip_forward: 'nonsense' }, KNOWN)).not.toThrow();
	});

	test('that it does not have are refused, with the names that are nearest', () => {
		const work = () => assertSysctls({ tcp_retries2: 5, tcp_retrys2: 5 }, KNOWN);
		expect(work).toThrow(HalfopenError);
		expect(work).toThrow(
			expect.objectContaining({
				code: 'SYSCTL_UNKNOWN',
				problem: 'A host has no sysctl net.ipv4.tcp_retrys2.',
				// Two letters differ in the first, three in the second.
				seen: expect.stringMatching(/^nearest: tcp_retries2, tcp_retries1, /),
			}),
		);
	});

	test('are all refused where nothing is known', () => {
		expect(() => assertSysctls({ tcp_retries2: 5 }, new Set())).toThrow(expect.objectContaining({ code: 'SYSCTL_UNKNOWN', seen: 'nearest: ' }));
	});
});
