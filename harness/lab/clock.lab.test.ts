/**
 * No lab depends on this machine's wall clock. For the harness, that clock is alternately two minutes ahead of the
 * hosts' clock and two minutes behind it.
 */
import { afterAll, test } from '@jest/globals';
import { expect, finWait2Timeout, retransmissionTimeout, scenario } from '../index.ts';
import type { Timeline } from './timeline-queries.ts';

const OFF_MS = 120_000;
const RealDate = Date;

/**
 * Readings are alternately two minutes ahead and behind, so the clock is wrong in both directions and is set all the
 * time.
 */
let reading = 0;
const wrongNow = () => RealDate.now() + (reading++ % 2 === 0 ? OFF_MS : -OFF_MS);
globalThis.Date = new Proxy(RealDate, {
	construct: (date, given) => Reflect.construct(date, given.length === 0 ? [wrongNow()] : given),
	get: (date, name) => (name === 'now' ? wrongNow : Reflect.get(date, name)),
});
afterAll(() => {
	globalThis.Date = RealDate;
});

/** The smallest precision that a timeline states for the harness. On a busy machine the clock states a larger one. */
const PRECISION = 0.002;

/** Expects that the times of all events, from all sources, lie within the scenario. */
function expectWithin({ context: { history } }: Timeline, seconds: number): void {
	const times = history.events.map(({ t }) => t);
	expect(Math.min(...times)).toBeGreaterThan(-1);
	expect(Math.max(...times)).toBeLessThan(seconds);
	expect(history.losses).toEqual([]);
}

test('this machine’s clock is wrong here', () => {
	expect(Date.now() - Date.now()).toBeGreaterThan(OFF_MS);
	expect(new Date()).not.toEqual(new Date());
});

scenario(
	'clock: limits and lower bounds are those of the hosts’ time',
	{ sysctls: { tcp_retries2: 3 } },
	async ({ client, server, timeline, step }) => {
		const began = timeline.context.clock.now();
		await server.nc({ listen: 8080 });
		const peer = await client.dnc({ connect: server.port(8080) });
		await server.powerOff();
		step('the client writes');
		await peer.type('are you there?\n');
		await expect(peer).toFail('read', 'ETIMEDOUT', { after: retransmissionTimeout({ retries2: 3 }) });
		await expect(client).toHaveNoSocket();
		const { history, clock } = timeline.context;
		const there = await client.boot.machine.now();
		const precision = Math.max(PRECISION, clock.precision);
		expect(clock.now() - there).toBeGreaterThan(-precision);
		// These events of the harness, the tracer, the capture and the tracer again cause each other, so their times must
		// be in order.
		const typed = 'are you there?\n';
		const times = [
			history.of('fault').find(({ phase }) => phase === 'injected'),
			history.of('process', 'client').find(({ what }) => what === 'typed'),
			timeline
				.calls('write', 'client')
				.find(({ args, returned }) => returned === typed.length && args.includes('are you')),
			timeline.segments('client').find(({ length }) => length === typed.length),
			timeline.calls('read', 'client').find(({ errno }) => errno === 'ETIMEDOUT'),
		].map((event) => event?.t ?? Number.NaN);
		const early = times.filter((t, index) => !(t > (times[index - 1] ?? Number.NEGATIVE_INFINITY) - precision));
		expect({ times, early }).toEqual({ times, early: [] });
		expectWithin(timeline, timeline.context.clock.now() - began + 1);
	},
);

scenario(
	'clock: a reboot, and a timer of a socket that no program has open',
	{ sysctls: { tcp_fin_timeout: 2 } },
	async ({ client, server, timeline }) => {
		await client.reboot();
		const listener = await (await server.socket()).listen(8080);
		const socket = await client.socket();
		await socket.connect(server.port(8080));
		const accepted = await listener.accept();
		await socket.close();
		await expect(client).toHaveSocket({ state: 'FIN-WAIT-2' });
		await expect(client).toHaveNoSocket(
			{ state: 'FIN-WAIT-2' },
			{ after: finWait2Timeout({ finTimeout: 2 }), since: 0 },
		);
		await expect(timeline).toShowSegments('> S', '< S.', '> .', '> F.', '< .');
		await accepted.close();
		expectWithin(timeline, 60);
	},
);
