import { describe, expect, test } from '@jest/globals';
import type { TraceRecord } from '../formats/types.ts';
import { CLIENT, SERVER } from '../timeline/fixtures.ts';
import { Boots } from './boots.ts';

type HostRecord = Exclude<TraceRecord, { kind: 'lost' }>;

const ends = { local: CLIENT, remote: SERVER };
const state = (from: string, to: string, more: Partial<HostRecord> = {}): HostRecord =>
	({ kind: 'state', t: 0, ...ends, from, to, ...more }) as HostRecord;
const retransmit = (inState: string, more: Partial<HostRecord> = {}): HostRecord =>
	({ kind: 'retransmit', t: 0, ...ends, state: inState, ...more }) as HostRecord;
const error = (more: Partial<HostRecord> = {}): HostRecord =>
	({ kind: 'error', t: 0, ...ends, errno: 'ETIMEDOUT', ...more }) as HostRecord;
const reset: HostRecord = { kind: 'reset', t: 0, direction: 'sent', ...ends };
/** The socket of a connect when it enters SYN-SENT: it has no port yet. */
const unbound = { local: { ...CLIENT, port: 0 } };
const another = { local: { ...CLIENT, port: CLIENT.port + 1 } };

/** Powered on at 10, off at 20, on again at 30. */
function rebooted(): Boots {
	const boots = new Boots();
	boots.on(10);
	boots.attribute(11, state('CLOSED', 'SYN-SENT', unbound));
	boots.attribute(12, state('SYN-SENT', 'ESTAB'));
	boots.off(20);
	boots.on(30);
	return boots;
}

test('boots are counted from 1', () => {
	const boots = new Boots();
	expect(boots.next).toBe(1);
	boots.on(10);
	expect(boots.next).toBe(2);
	boots.off(20);
	expect(boots.next).toBe(2);
});

test('during the first boot everything belongs to it, known connections or not', () => {
	const boots = new Boots();
	boots.on(10);
	expect(boots.attribute(11, retransmit('ESTAB'))).toEqual({ boot: 1 });
	expect(boots.attribute(12, state('ESTAB', 'CLOSED'))).toEqual({ boot: 1 });
});

test('events while the power is off are ghosts of the boot before, resets included', () => {
	const boots = new Boots();
	boots.on(10);
	boots.off(20);
	expect(boots.attribute(19.9, state('ESTAB', 'CLOSE-WAIT'))).toEqual({ boot: 1 });
	expect(boots.attribute(20, state('CLOSE-WAIT', 'LAST-ACK'))).toEqual({ boot: 1, ghost: true });
	expect(boots.attribute(25, reset)).toEqual({ boot: 1, ghost: true });
});

test('events before the first boot are ghosts', () => {
	expect(new Boots().attribute(1, error())).toEqual({ boot: 1, ghost: true });
});

describe('after a reboot', () => {
	test('events of connections that the earlier boot opened are ghosts', () => {
		const boots = rebooted();
		expect(boots.attribute(31, state('ESTAB', 'FIN-WAIT-1'))).toEqual({ boot: 1, ghost: true });
		expect(boots.attribute(32, retransmit('FIN-WAIT-1'))).toEqual({ boot: 1, ghost: true });
		expect(boots.attribute(33, error())).toEqual({ boot: 1, ghost: true });
	});

	test('a ghost belongs to the boot that opened the connection, after any number of reboots', () => {
		const boots = rebooted();
		boots.off(40);
		boots.on(50);
		expect(boots.attribute(51, retransmit('FIN-WAIT-1'))).toEqual({ boot: 1, ghost: true });
	});

	test('a connection that the new boot opens belongs to it', () => {
		const boots = rebooted();
		expect(boots.attribute(31, state('CLOSED', 'SYN-SENT', another))).toEqual({ boot: 2 });
		expect(boots.attribute(32, state('SYN-SENT', 'ESTAB', another))).toEqual({ boot: 2 });
		expect(boots.attribute(33, retransmit('ESTAB', another))).toEqual({ boot: 2 });
		expect(boots.attribute(34, error(another))).toEqual({ boot: 2 });
		// The old one is still a ghost.
		expect(boots.attribute(35, retransmit('FIN-WAIT-1'))).toEqual({ boot: 1, ghost: true });
	});

	test('a connection that the new boot accepts belongs to it', () => {
		const boots = rebooted();
		// The socket of an accepted connection begins as a copy of its listener (inet_csk_clone_lock).
		expect(boots.attribute(31, state('LISTEN', 'SYN-RECV', another))).toEqual({ boot: 2 });
		expect(boots.attribute(32, state('SYN-RECV', 'ESTAB', another))).toEqual({ boot: 2 });
	});

	test('a new connection with the same ports belongs to the new boot', () => {
		const boots = rebooted();
		boots.attribute(31, state('SYN-SENT', 'ESTAB'));
		expect(boots.attribute(32, state('ESTAB', 'CLOSE-WAIT'))).toEqual({ boot: 2 });
	});

	test('a reset belongs to the new boot: it answers a segment without a socket', () => {
		expect(rebooted().attribute(31, reset)).toEqual({ boot: 2 });
	});

	test(
		'a retransmitted SYN belongs to the new boot: when a process dies, its socket in SYN-SENT is closed ' +
			'(tcp_close_state)',
		() => {
			const boots = rebooted();
			boots.attribute(31, state('CLOSED', 'SYN-SENT', unbound));
			expect(boots.attribute(32, retransmit('SYN-SENT', another))).toEqual({ boot: 2 });
			expect(boots.attribute(33, error(another))).toEqual({ boot: 2 });
		},
	);

	test(
		'an error that ends a connection attempt belongs to the new boot, although the kernel reports it before the first ' +
			'event with the port',
		() => {
			// tcp_write_err and tcp_v4_err report the error before they close the socket.
			const boots = rebooted();
			boots.attribute(31, state('CLOSED', 'SYN-SENT', unbound));
			expect(boots.attribute(32, error(another))).toEqual({ boot: 2 });
			expect(boots.attribute(33, error())).toEqual({ boot: 1, ghost: true });
		},
	);

	test('a late event from before it belongs to the earlier boot', () => {
		expect(rebooted().attribute(19, state('ESTAB', 'CLOSE-WAIT'))).toEqual({ boot: 1 });
	});
});
