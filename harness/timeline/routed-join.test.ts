import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Endpoint } from '../formats/types.ts';
import { HISTORY_START } from './fixtures.ts';
import { History } from './history.ts';
import type { PacketObservation } from './packet-join.ts';

const CLIENT = { address: '198.18.0.2', port: 50_000 };
const SERVER = { address: '198.18.0.6', port: 8080 };
/** The router’s interfaces. */
const [TO_CLIENT, TO_SERVER] = ['198.18.0.1', '198.18.0.5'];
const ISN = 1_000;

const routed = () =>
	new History(HISTORY_START, { client: [CLIENT.address], router: [TO_CLIENT, TO_SERVER], server: [SERVER.address] });

/** An observation of a SYN, or of another segment. */
function seen(
	t: number,
	host: PacketObservation['host'],
	what: PacketObservation['what'],
	{
		from = CLIENT,
		to = SERVER,
		...segment
	}: { from?: Endpoint; to?: Endpoint; flags?: string; seq?: number; ack?: number; ipId?: number } = {},
	by?: string,
): PacketObservation {
	const packet = {
		kind: 'segment',
		t: HISTORY_START + t,
		from,
		to,
		flags: 'S',
		seq: ISN,
		ack: 0,
		length: 0,
		window: 502,
		ipId: 7,
		options: {},
		...segment,
	} as const;
	return { host, boot: 1, what, packet, ...(by !== undefined && { by, rejected: by.startsWith('reject') }) };
}

function joined(observations: readonly PacketObservation[], history = routed()) {
	for (const observation of observations) history.observe(observation);
	return history.segments;
}

const ON_THE_WAY = [
	seen(0, 'client', 'left'),
	seen(0.000_01, 'router', 'arrived'),
	seen(0.000_02, 'router', 'left'),
	seen(0.000_03, 'server', 'arrived'),
];

describe('a segment that a router forwards', () => {
	test('is one event, with the times of all three captures', () => {
		const [segment, ...others] = joined(ON_THE_WAY);
		expect(others).toEqual([]);
		expect(segment).toMatchObject({
			t: 0,
			host: 'client',
			fate: 'delivered',
			router: { entered: 0.000_01, forwarded: 0.000_02 },
			arrived: 0.000_03,
		});
		expect(segment).not.toHaveProperty('receiver');
	});

	test('is the same event in whatever order its observations are reported', () => {
		const expected = joined(ON_THE_WAY);
		const inAnyOrder = fc.shuffledSubarray(ON_THE_WAY, { minLength: ON_THE_WAY.length });
		fc.assert(fc.property(inAnyOrder, (observations) => expect(joined(observations)).toEqual(expected)));
	});

	test.each([
		['before the router: unobserved', 1, undefined, { fate: 'unobserved', router: {} }],
		['at the router, for no rule of the lab: dropped there', 2, undefined, { fate: 'dropped', by: 'router' }],
		['at the router, by its firewall', 2, ['router', 'firewall-1'], { fate: 'dropped', by: 'firewall-1' }],
		['behind the router: unobserved', 3, undefined, { fate: 'unobserved', router: { forwarded: 0.000_02 } }],
		['at the server, by its firewall', 4, ['server', 'drop-1'], { fate: 'dropped', by: 'drop-1', arrived: 0.000_03 }],
	] as const)('is lost %s', (_, stages, dropper, expected) => {
		const dropped = dropper ? [seen(0.000_04, dropper[0], 'dropped', {}, dropper[1])] : [];
		const segments = joined([...ON_THE_WAY.slice(0, stages), ...dropped]);
		expect(segments).toEqual([expect.objectContaining({ host: 'client' })]);
		expect(segments[0]).toMatchObject(expected);
	});

	test('has an unknown fate if the router’s capture was lost then', () => {
		const history = routed();
		history.lose({ observer: 'capture', host: 'router', what: 'ended', since: 0 });
		expect(joined(ON_THE_WAY.slice(0, 1), history)).toEqual([
			expect.objectContaining({ fate: 'unknown', by: 'router capture' }),
		]);
	});

	test('is told apart from its retransmission, which the router dropped', () => {
		const later = (observation: PacketObservation): PacketObservation => ({
			...observation,
			packet: { ...observation.packet, t: observation.packet.t + 1 },
		});
		const again = ON_THE_WAY.slice(0, 2).map(later);
		const fates = joined([...again, ...ON_THE_WAY, seen(1.000_02, 'router', 'dropped', {}, 'firewall-1')]);
		expect(fates.map(({ fate, retransmission }) => [fate, retransmission])).toEqual([
			['delivered', false],
			['dropped', true],
		]);
	});
});

describe('a segment of the router itself', () => {
	test('with the address of a host is its firewall’s answer', () => {
		const answer = { from: SERVER, to: CLIENT, flags: 'R.', seq: 0, ack: ISN + 1, ipId: 0 };
		const segments = joined([
			...ON_THE_WAY.slice(0, 2),
			seen(0.000_02, 'router', 'dropped', {}, 'reject-1'),
			seen(0.000_03, 'router', 'left', answer),
			seen(0.000_04, 'client', 'arrived', answer),
		]);
		expect(segments).toEqual([
			expect.objectContaining({ flags: 'S', host: 'client', fate: 'dropped', by: 'reject-1' }),
			expect.objectContaining({
				flags: 'R.',
				host: 'router',
				receiver: 'client',
				origin: 'firewall',
				fate: 'delivered',
			}),
		]);
	});

	test('and one that is sent to it, say so', () => {
		const own = { address: TO_CLIENT, port: 80 };
		const segments = joined([
			seen(0, 'client', 'left', { to: own }),
			seen(0.000_01, 'router', 'arrived', { to: own }),
			seen(0.001, 'router', 'left', { from: own, to: CLIENT, flags: 'R.' }),
			seen(0.001_01, 'client', 'arrived', { from: own, to: CLIENT, flags: 'R.' }),
		]);
		expect(segments.map(({ host, receiver, fate, router }) => [host, receiver, fate, router])).toEqual([
			['client', 'router', 'delivered', undefined],
			['router', 'client', 'delivered', undefined],
		]);
	});
});

describe('a segment that a router translates', () => {
	const outside = { address: TO_SERVER, port: 61_000 };
	const there = { from: outside, to: SERVER };
	const translation = {
		since: HISTORY_START + 0.000_5,
		original: { from: CLIENT, to: SERVER },
		reply: { from: SERVER, to: outside },
	};
	const answer = { flags: 'S.', seq: 5_000, ack: ISN + 1 };
	const observations = [
		...ON_THE_WAY.slice(0, 2),
		seen(0.000_02, 'router', 'left', there),
		seen(0.000_03, 'server', 'arrived', there),
		seen(0.001, 'server', 'left', { from: SERVER, to: outside, ...answer }),
		seen(0.001_01, 'router', 'arrived', { from: SERVER, to: outside, ...answer }),
		seen(0.001_02, 'router', 'left', { from: SERVER, to: CLIENT, ...answer }),
		seen(0.001_03, 'client', 'arrived', { from: SERVER, to: CLIENT, ...answer }),
	];

	test.each(['before', 'after'])('is one event if the translation is reported %s the packets', (when) => {
		const history = routed();
		if (when === 'before') history.translate(translation);
		joined(observations, history);
		if (when === 'after') history.translate(translation);
		expect(history.segments).toMatchObject([
			{ host: 'client', from: CLIENT, to: SERVER, seq: 0, fate: 'delivered', router: { translated: there } },
			{
				host: 'server',
				from: SERVER,
				to: outside,
				seq: 0,
				ack: 1,
				fate: 'delivered',
				router: { translated: { from: SERVER, to: CLIENT } },
			},
		]);
	});

	test('but is not translated any more, shows its addresses as they were', () => {
		const history = routed();
		history.translate(translation);
		const [segment, ...others] = joined(ON_THE_WAY, history);
		expect(others).toEqual([]);
		expect(segment?.router).toEqual({ entered: 0.000_01, forwarded: 0.000_02 });
	});

	test.each(['before', 'after'])(
		'is for the router itself once that has forgotten, if this is reported %s it',
		(when) => {
			const history = routed();
			history.translate(translation);
			const { original, reply } = translation;
			const forget = () => history.endTranslation({ original, reply }, HISTORY_START + 1);
			if (when === 'before') forget();
			const stray = { from: SERVER, to: outside, flags: 'P.', seq: 5_001, ack: ISN + 1, ipId: 9 };
			joined([...observations, seen(2, 'server', 'left', stray), seen(2.000_01, 'router', 'arrived', stray)], history);
			if (when === 'after') forget();
			expect(history.segments.map(({ host, receiver, fate }) => [host, receiver, fate])).toEqual([
				['client', undefined, 'delivered'],
				['server', undefined, 'delivered'],
				['server', 'router', 'delivered'],
			]);
		},
	);

	test('is not taken for the router’s own while conntrack is lost: its fate is unknown', () => {
		const history = routed();
		history.lose({ observer: 'conntrack', host: 'router', what: 'ended', since: 0 });
		expect(joined(observations.slice(0, 2), history)[0]).toMatchObject({ fate: 'unknown', by: 'router conntrack' });
	});
});
