import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { HalfopenError } from '../errors.ts';
import { assertSysctls, hasSysctl } from './sysctl.ts';

const KNOWN = new Set([
	'tcp_retries1',
	'tcp_retries2',
	'tcp_fin_timeout',
	'ip_forward',
	'icmp_ratelimit',
	'conf.all.rp_filter',
	'conf.lo.rp_filter',
	'conf.default.rp_filter',
	'neigh.lo.ucast_solicit',
]);

describe('sysctls', () => {
	test('that a host has are accepted with any value, which only the kernel can check', () => {
		expect(() => assertSysctls({}, KNOWN)).not.toThrow();
		expect(() => assertSysctls({ tcp_retries2: 5, ip_forward: 'nonsense' }, KNOWN)).not.toThrow();
	});

	test('that it does not have are refused, with the nearest names', () => {
		const work = () => assertSysctls({ tcp_retries2: 5, tcp_retrys2: 5 }, KNOWN);
		expect(work).toThrow(HalfopenError);
		expect(work).toThrow(
			expect.objectContaining({
				code: 'SYSCTL_UNKNOWN',
				problem: 'A host has no sysctl net.ipv4.tcp_retrys2.',
				// The first name differs in two letters, the second in three.
				seen: expect.stringMatching(/^nearest: tcp_retries2, tcp_retries1, /),
			}),
		);
	});

	test('can be those of ICMP, of all devices and of one device, whose existence is not checked', () => {
		const settings = {
			icmp_ratelimit: 0,
			'conf.all.rp_filter': 1,
			'conf.eth0.rp_filter': 1,
			'neigh.eth0.ucast_solicit': 1,
		};
		expect(() => assertSysctls(settings, KNOWN)).not.toThrow();
		expect(Object.keys(settings).every((name) => hasSysctl(name, KNOWN))).toBe(true);
		expect(hasSysctl('conf.eth0.ucast_solicit', KNOWN)).toBe(false);
	});

	test.each([
		'tcp_mem',
		'udp_mem',
		'route.gc_timeout',
		'inet_peer_maxttl',
		'neigh.default.gc_thresh1',
		'neigh.default.ucast_solicit',
	])('%s exists once for the whole machine: the error says so, without nearest names', (name) => {
		const problem = expect.stringContaining(`net.ipv4.${name} once for the whole machine`);
		expect(() => assertSysctls({ [name]: 1 }, KNOWN)).toThrow(
			expect.objectContaining({ code: 'SYSCTL_UNKNOWN', problem, seen: undefined }),
		);
	});

	test.each([
		'conf/all/rp_filter',
		'../core/somaxconn',
		'..core.somaxconn',
		'conf.../all',
		'conf...rp_filter',
		'conf.eth0/../all.rp_filter',
		'',
		'conf',
	])('“%s” is refused: no name leads to a path outside the folder of sysctls', (name) => {
		expect(() => assertSysctls({ [name]: 1 }, KNOWN)).toThrow(expect.objectContaining({ code: 'SYSCTL_UNKNOWN' }));
	});

	test('with arbitrary names are accepted only if they are known, or settings of a device', () => {
		const word = fc.string({
			unit: fc.constantFrom('.', '/', 'conf', 'neigh', 'eth0', 'lo', 'default', 'rp_filter', ' ', '-', '\n'),
			maxLength: 7,
		});
		fc.assert(
			fc.property(word, (name) => {
				const isAccepted = hasSysctl(name, KNOWN);
				if (isAccepted && !KNOWN.has(name)) expect(name).toMatch(/^conf\.[\w-]+\.rp_filter$/);
			}),
		);
	});

	test('are all refused if no name is known', () => {
		expect(() => assertSysctls({ tcp_retries2: 5 }, new Set())).toThrow(
			expect.objectContaining({ code: 'SYSCTL_UNKNOWN', seen: 'nearest: ' }),
		);
	});
});
