import { describe, expect, test } from '@jest/globals';
import type { TraceRecord } from '../formats/types.ts';
import { CLIENT, SERVER } from '../timeline/fixtures.ts';
import { Boots } from './boots.ts';

type Told = Exclude<TraceRecord, { kind: 'lost' }>;

const ends = { local: CLIENT, remote: SERVER };
const state = (from: string, to: string, more: Partial<Told> = {}): Told =>
	({ kind: 'state', t: 0, ...ends, from, to, ...more }) as Told;
const retransmit = (inState: string, more: Partial<Told> = {}): Told =>
	({ kind: 'retransmit', t: 0, ...ends, state: inState, ...more }) as Told;
const error = (more: Partial<Told> = {}): Told =>
	({ kind: 'error', t: 0, ...ends, errno: 'ETIMEDOUT', ...more }) as Told;
const reset: Told = { kind: 'reset', t: 0, direction: 'sent', ...ends };
/** A connecting socket has no port yet when it enters SYN-SENT. */
const unbound = { local: { ...CLIENT, port: 0 } };
const another = { local: { ...CLIENT, port: CLIENT.port + 1 } };

/** On at 10, off at 20, on again at 30. */
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

test('everything while a first boot runs is its own, known or not', () => {
	const boots = new Boots();
	boots.on(10);
	expect(boots.attribute(11, retransmit('ESTAB'))).toEqual({ boot: 1 });
	expect(boots.attribute(12, state('ESTAB', 'CLOSED'))).toEqual({ boot: 1 });
});

test('what happens while the power is off is the ghost of the boot that ran, its resets too', () => {
	const boots = new Boots();
	boots.on(10);
	boots.off(20);
	expect(boots.attribute(19.9, state('ESTAB', 'CLOSE-WAIT'))).toEqual({ boot: 1 });
	expect(boots.attribute(20, state('CLOSE-WAIT', 'LAST-ACK'))).toEqual({ boot: 1, ghost: true });
	expect(boots.attribute(25, reset)).toEqual({ boot: 1, ghost: true });
});

test('before any boot there is nothing but ghosts', () => {
	expect(new Boots().attribute(1, error())).toEqual({ boot: 1, ghost: true });
});

describe('after a reboot', () => {
	test('connections that the earlier boot opened are ghosts', () => {
		const boots = rebooted();
		expect(boots.attribute(31, state('ESTAB', 'FIN-WAIT-1'))).toEqual({ boot: 1, ghost: true });
		expect(boots.attribute(32, retransmit('FIN-WAIT-1'))).toEqual({ boot: 1, ghost: true });
		expect(boots.attribute(33, error())).toEqual({ boot: 1, ghost: true });
	});

	test('a ghost is that of the boot that opened it, however often there was a reboot since', () => {
		const boots = rebooted();
		boots.off(40);
		boots.on(50);
		expect(boots.attribute(51, retransmit('FIN-WAIT-1'))).toEqual({ boot: 1, ghost: true });
	});

	test('a connection that is opened is the new boot’s from then on', () => {
		const boots = rebooted();
		expect(boots.attribute(31, state('CLOSED', 'SYN-SENT', another))).toEqual({ boot: 2 });
		expect(boots.attribute(32, state('SYN-SENT', 'ESTAB', another))).toEqual({ boot: 2 });
		expect(boots.attribute(33, retransmit('ESTAB', another))).toEqual({ boot: 2 });
		expect(boots.attribute(34, error(another))).toEqual({ boot: 2 });
		// The old one is a ghost all the same.
		expect(boots.attribute(35, retransmit('FIN-WAIT-1'))).toEqual({ boot: 1, ghost: true });
	});

	test('a connection that is accepted is the new boot’s', () => {
		const boots = rebooted();
		// The socket that comes of a request begins as a copy of its listener (inet_csk_clone_lock).
		expect(boots.attribute(31, state('LISTEN', 'SYN-RECV', another))).toEqual({ boot: 2 });
		expect(boots.attribute(32, state('SYN-RECV', 'ESTAB', another))).toEqual({ boot: 2 });
	});

	test('the same ports opened again are the new boot’s', () => {
		const boots = rebooted();
		boots.attribute(31, state('SYN-SENT', 'ESTAB'));
		expect(boots.attribute(32, state('ESTAB', 'CLOSE-WAIT'))).toEqual({ boot: 2 });
	});

	test('a reset is the new boot’s: it answers what no socket knows', () => {
		expect(rebooted().attribute(31, reset)).toEqual({ boot: 2 });
	});

	test(
		'a SYN that is retransmitted is the new boot’s: a process that dies takes its SYN-SENT socket with it ' +
			'(tcp_close_state)',
		() => {
			const boots = rebooted();
			boots.attribute(31, state('CLOSED', 'SYN-SENT', unbound));
			expect(boots.attribute(32, retransmit('SYN-SENT', another))).toEqual({ boot: 2 });
			expect(boots.attribute(33, error(another))).toEqual({ boot: 2 });
		},
	);

	test(
		'an error that ends a connection attempt is the new boot’s, though the kernel reports it before the port was ' +
			'ever told',
		() => {
			// tcp_write_err and tcp_v4_err report first and close then.
			const boots = rebooted();
			boots.attribute(31, state('CLOSED', 'SYN-SENT', unbound));
			expect(boots.attribute(32, error(another))).toEqual({ boot: 2 });
			expect(boots.attribute(33, error())).toEqual({ boot: 1, ghost: true });
		},
	);

	test('an event from before it, told late, is the earlier boot’s', () => {
		expect(rebooted().attribute(19, state('ESTAB', 'CLOSE-WAIT'))).toEqual({ boot: 1 });
	});
});
