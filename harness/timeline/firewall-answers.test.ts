import { describe, expect, test } from '@jest/globals';
import type { CapturedIcmp, CapturedSegment } from '../formats/types.ts';
import type { HostName } from './events.ts';
import {
	CLIENT,
	CLIENT_ISN,
	emptyHistory,
	HISTORY_START,
	handshake,
	SERVER,
	SERVER_ISN,
	SimulatedWire,
} from './fixtures.ts';
import type { History } from './history.ts';
import type { PacketObservation } from './packet-join.ts';

function historyOf(...observations: readonly PacketObservation[]): History {
	const history = emptyHistory();
	for (const one of observations) history.observe(one);
	return history;
}

/** A RST with the server's address that never left the client. */
function forgedAtClient(t: number, more: Partial<CapturedSegment> = {}): PacketObservation[] {
	const packet: CapturedSegment = {
		...{
			kind: 'segment',
			t: HISTORY_START + t,
			loopback: true,
			from: SERVER,
			to: CLIENT,
			flags: 'R',
			seq: SERVER_ISN + 1,
			ack: 0,
			window: 0,
			length: 0,
			ipId: 0,
		},
		options: {},
		...more,
	};
	return [
		{ host: 'client', boot: 1, what: 'left', packet: { ...packet, direction: 'out' } },
		{ host: 'client', boot: 1, what: 'arrived', packet: { ...packet, t: packet.t + 0.000_002, direction: 'in' } },
	];
}

/** An ICMP message of the server that quotes data of the client. */
function icmp(t: number, what: PacketObservation['what'], more: Partial<CapturedIcmp> = {}): PacketObservation {
	const host: HostName = what === 'left' ? 'server' : 'client';
	const about = {
		type: 3,
		code: 1,
		name: 'host-unreachable',
		ipId: 99,
		rest: 0,
		quotes: { from: CLIENT, to: SERVER, seq: CLIENT_ISN + 1 },
	};
	return {
		host,
		boot: 1,
		what,
		...(what === 'dropped' && { by: 'cut-1' }),
		packet: { kind: 'icmp', t: HISTORY_START + t, from: SERVER.address, to: CLIENT.address, ...about, ...more },
	};
}

const data = { seq: CLIENT_ISN + 1, ack: SERVER_ISN + 1, length: 5 };

describe('a segment that a firewall made', () => {
	test(
		'when a packet left belongs to the host of the firewall, and is after the packet that it answers, although the log ' +
			'is read late',
		() => {
			const { observations } = handshake().send(1.005, 'client', 'P.', { ...data, fate: 'stopped', rejected: true });
			for (const all of [
				[...observations, ...forgedAtClient(1)],
				[...forgedAtClient(1), ...observations],
			]) {
				const history = historyOf(...all);
				expect(history.segments.slice(3)).toMatchObject([
					{ t: 0.999_999, host: 'client', flags: 'P.', fate: 'dropped' },
					{ t: 1, host: 'client', flags: 'R', seq: 1, link: 'loopback', origin: 'firewall', fate: 'delivered' },
				]);
				expect(history.countAnswersTo('drop-1')).toBe(1);
			}
		},
	);

	test.each([
		['at once', [1.000_01, 1.400_01, 2.200_01]],
		['late', [1.000_01, 2.6, 2.600_01]],
		['all late', [2.5, 2.600_01, 2.600_02]],
	])('as the answer to a retransmission is not matched with the first transmission: the log is read %s', (_, read) => {
		const wire = handshake();
		for (const t of read) wire.send(t, 'client', 'P.', { ...data, fate: 'stopped', rejected: true });
		const sent = [1, 1.4, 2.2];
		const history = historyOf(...wire.observations, ...sent.flatMap((t, index) => forgedAtClient(t, { ipId: index })));
		const times = (flags: string) => history.segments.filter((one) => one.flags === flags).map(({ t }) => t.toFixed(3));
		expect(times('P.')).toEqual(['1.000', '1.400', '2.200']);
		expect(history.countAnswersTo('drop-1')).toBe(3);
	});

	test('is recognized by the other host’s address on the loopback, whether a rule rejected a packet or not', () => {
		expect(historyOf(...forgedAtClient(1)).segments).toMatchObject([
			{ host: 'client', link: 'loopback', origin: 'firewall' },
		]);
	});

	test('when a packet arrived is distinguished from the stack’s by the log of the rule', () => {
		const wire = handshake()
			.send(1, 'client', 'P.', { ...data, fate: 'dropped', rejected: true })
			.send(1.001, 'server', 'R', { seq: SERVER_ISN + 1, ipId: 0 })
			// After healing, the stack itself sends a RST.
			.send(9, 'client', 'P.', data)
			.send(9.001, 'server', 'R', { seq: SERVER_ISN + 1, ipId: 0 });
		const history = historyOf(...wire.observations);
		expect(history.segments.filter(({ flags }) => flags === 'R')).toMatchObject([
			{ t: 1.001, origin: 'firewall' },
			{ t: 9.001 },
		]);
		expect(history.segments.at(-1)).not.toHaveProperty('origin');
		expect(history.countAnswersTo('drop-1')).toBe(1);
	});

	test('that answers a SYN acknowledges it (nf_reject_ip_tcphdr_put)', () => {
		const wire = new SimulatedWire()
			.send(1, 'client', 'S', { seq: CLIENT_ISN, fate: 'dropped', rejected: true })
			.send(1.001, 'server', 'R.', { seq: 0, ack: CLIENT_ISN + 1, ipId: 0 });
		expect(historyOf(...wire.observations).segments.at(-1)).toMatchObject({ flags: 'R.', origin: 'firewall', ack: 1 });
	});

	test('does not exist if the rule only drops', () => {
		const wire = handshake()
			.send(1, 'client', 'P.', { ...data, fate: 'dropped' })
			.send(1.001, 'server', 'R', { seq: SERVER_ISN + 1, ipId: 0 });
		expect(historyOf(...wire.observations).segments.at(-1)).not.toHaveProperty('origin');
	});
});

describe('an ICMP message', () => {
	test('is one event from both captures, with the relative number of the segment that it quotes', () => {
		const { observations } = handshake().send(1, 'client', 'P.', { ...data, fate: 'dropped', rejected: true });
		const history = historyOf(...observations, icmp(1.001, 'left'), icmp(1.002, 'arrived'));
		expect(history.of('icmp')).toEqual([
			{
				kind: 'icmp',
				t: 1.001,
				host: 'server',
				boot: 1,
				from: SERVER.address,
				to: CLIENT.address,
				type: 3,
				code: 1,
				name: 'host-unreachable',
				quotes: { from: CLIENT, to: SERVER, seq: 1 },
				origin: 'firewall',
				fate: 'delivered',
				arrived: 1.002,
			},
		]);
		expect(history.countAnswersTo('drop-1')).toBe(1);
		expect(history.events.at(-1)?.kind).toBe('icmp');
	});

	test('without a rejected packet is the stack’s, and its number is absolute if no capture saw the segment', () => {
		const [message] = historyOf(icmp(1, 'left')).of('icmp');
		expect(message).toMatchObject({ fate: 'unobserved', quotes: { seq: CLIENT_ISN + 1 } });
		expect(message).not.toHaveProperty('origin');
	});

	test('may be dropped', () => {
		expect(historyOf(icmp(1, 'left'), icmp(1.001, 'arrived'), icmp(1.001, 'dropped')).of('icmp')).toMatchObject([
			{ fate: 'dropped', by: 'cut-1' },
		]);
	});

	test('that the kernel’s rate limit suppressed is no event, and not counted', () => {
		const wire = handshake();
		for (const t of [1, 1.2, 1.6]) wire.send(t, 'client', 'P.', { ...data, fate: 'dropped', rejected: true });
		const history = historyOf(...wire.observations, icmp(1.001, 'left'), icmp(1.601, 'left', { ipId: 100 }));
		expect(history.countAnswersTo('drop-1')).toBe(2);
	});
});
