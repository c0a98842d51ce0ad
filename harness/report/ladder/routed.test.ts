import { describe, expect, test } from '@jest/globals';
import type { Event, SegmentEvent } from '../../timeline/events.ts';
import { TimelineBuilder } from './fixtures/builder.ts';
import { drawSvg, drawText, layOut } from './index.ts';

const HOSTS = {
	client: { ip: '198.18.0.2', mac: '02:00:c6:12:00:02' },
	router: {
		ip: '198.18.0.1',
		mac: '02:00:c6:12:00:01',
		serverSide: { ip: '198.18.0.5', mac: '02:00:c6:12:00:05' },
	},
	server: { ip: '198.18.0.6', mac: '02:00:c6:12:00:06' },
};
const [CLIENT, SERVER] = [
	{ address: HOSTS.client.ip, port: 50_000 },
	{ address: HOSTS.server.ip, port: 8080 },
];

function segment(t: number, more: Partial<SegmentEvent>): Event {
	const isAnswer = more.host === 'server' || more.receiver === 'client';
	const [from, to] = isAnswer ? [SERVER, CLIENT] : [CLIENT, SERVER];
	return {
		...{ kind: 'segment', t, host: 'client', boot: 1, from, to, flags: 'S', seq: 0, ack: 0, length: 0, window: 502 },
		...{ fate: 'delivered', retransmission: false, absolute: { seq: 0, ack: 0 } },
		...more,
	};
}

const passed = (t: number) => ({ router: { entered: t + 0.000_01, forwarded: t + 0.000_02 }, arrived: t + 0.000_03 });

const timeline = new TimelineBuilder().build({
	scenario: 'a router in the middle',
	hosts: HOSTS,
	events: [
		segment(0, passed(0)),
		segment(1, { host: 'server', flags: 'S.', ack: 1, ...passed(1) }),
		segment(2, {
			flags: 'P.',
			seq: 1,
			ack: 1,
			length: 5,
			fate: 'dropped',
			by: 'firewall-1',
			router: { entered: 2.000_01 },
		}),
		segment(3, { flags: 'P.', seq: 1, ack: 1, length: 5, fate: 'unobserved', router: {}, retransmission: true }),
		segment(4, {
			host: 'server',
			flags: 'F.',
			seq: 1,
			ack: 1,
			fate: 'unobserved',
			router: { entered: 4, forwarded: 4.000_01 },
		}),
		segment(5, { host: 'router', receiver: 'client', flags: 'R', seq: 1, origin: 'firewall', arrived: 5.000_01 }),
		segment(6, { host: 'router', receiver: 'server', flags: 'R', seq: 6, origin: 'firewall', arrived: 6.000_01 }),
		{ kind: 'error', t: 7, host: 'router', errno: 'ECONNREFUSED', source: 'kernel' },
	],
});

describe('a ladder with a router', () => {
	const lines = drawText(layOut(timeline), { width: 120 }).split('\n');
	// The texts of headings and pauses cover the lifeline.
	const picture = lines.filter((line) => /[│├┤]/.test(line) && !/…|time /.test(line));
	/** The column of the router’s lifeline. */
	const middle = (picture.find((line) => line.includes('┼')) ?? '').indexOf('┼');

	test('has its lifeline in the middle of every row, which arrows cross', () => {
		expect(lines.find((line) => line.includes('time '))).toMatch(/client 198\.18\.0\.2.*router 198\.18\.0\.1.*server/);
		const crossings = picture.map((line) => line[middle]);
		expect(crossings.filter((sign) => !'│┼├┤'.includes(sign ?? ' '))).toEqual([]);
		expect(picture.filter((line) => line.includes('┼')).map((line) => line.trim())).toEqual([
			expect.stringMatching(/^0\.000 +├─+ S ─+┼─+▶│$/),
			expect.stringMatching(/^1\.000 +│◀─+┼─+ S\. ─+┤$/),
			expect.stringMatching(/^4\.000 +│ +(nobody there)? ╌─+┼─+ F\. seq 1 ─+┤$/),
		]);
	});

	test('shows where segments were lost: at the router, or before it', () => {
		expect(picture.filter((line) => /╳|╌/.test(line)).map((line) => line.trim())).toEqual([
			expect.stringMatching(/^2\.000 +├─+ P\. seq 1 len 5 ─+╳│ dropped by firewall-1 +│$/),
			expect.stringMatching(/^3\.000 +├─+ P\. seq 1 len 5 ─+╌ *│ retransmission, nobody there │$/),
			expect.stringMatching(/^4\.000/),
		]);
	});

	test('shows what the router sends, and what happens at it', () => {
		const own = picture.filter((line) => /^ *(5|6|7)\.000/.test(line)).map((line) => line.trim());
		expect(own).toEqual([
			expect.stringMatching(/^5\.000 +│◀─+ R ─+┤ +│$/),
			expect.stringMatching(/^6\.000 +│ +├─+ R ─+▶│$/),
			expect.stringMatching(/^7\.000 +│ +│ kernel: ECONNREFUSED +│$/),
		]);
	});

	test('has three lifelines as a picture, and its arrows end where segments did', () => {
		const svg = drawSvg(layOut(timeline));
		expect(svg.match(/class="lifeline"/g)).toHaveLength(3);
		const ends = [...svg.matchAll(/<g class="segment"[^>]*>.*?<line x1="([\d.]+)"[^>]*x2="([\d.]+)"/gs)];
		// The lifelines are at 330, 550 and 770.
		expect(ends.map(([, x1, x2]) => [Math.round(Number(x1)), Math.round(Number(x2))])).toEqual([
			[333, 767],
			[767, 333],
			[333, 550],
			[333, 463],
			[767, 420],
			[547, 333],
			[553, 767],
		]);
	});
});

describe('what a router knows of connections', () => {
	const ends = { original: { from: CLIENT, to: SERVER }, reply: { from: SERVER, to: CLIENT } };
	const change = (t: number, what: 'new' | 'update' | 'destroyed', state: string): Event => ({
		...{ kind: 'conntrack', t, host: 'router', what, id: '7', state, ...ends, replied: true, assured: true },
	});
	const rows = [{ id: '7', state: 'ESTABLISHED', secondsLeft: 299, ...ends, replied: true, assured: true }];
	const ladder = layOut(
		new TimelineBuilder().build({
			scenario: 'a router that knows',
			hosts: HOSTS,
			events: [
				change(0, 'new', 'SYN_SENT'),
				change(1, 'update', 'ESTABLISHED'),
				{ kind: 'connections', t: 2, host: 'router', rows },
				{ ...change(3, 'destroyed', 'ESTABLISHED'), by: 'conntrack' } as Event,
				{ kind: 'step', t: 4, text: 'later' },
			],
		}),
	);

	test('is a mark at each change, and a band as long as it knows it', () => {
		const marks = ladder.rows.flatMap((row) => (row.kind === 'events' ? row.marks.router.map(({ head }) => head) : []));
		expect(marks).toEqual([
			'conntrack: SYN_SENT',
			'conntrack: ESTABLISHED',
			'conntrack: ESTABLISHED, 299 s left',
			'conntrack: forgotten (conntrack)',
		]);
		expect(ladder.spans.bands.map(({ host, state, t, until }) => [host, state, t, until])).toEqual([
			['router', 'SYN_SENT', 0, 1],
			['router', 'ESTABLISHED', 1, 3],
		]);
	});
});

test('a translated connection has one label, whatever ports the server sees', () => {
	const outside = { address: HOSTS.router.serverSide.ip, port: 61_000 };
	const other = { address: CLIENT.address, port: 50_001 };
	const state = (t: number, remote: typeof outside): Event => ({
		...{
			kind: 'state',
			t,
			host: 'server',
			boot: 1,
			local: SERVER,
			remote,
			from: 'SYN-RECV',
			to: 'ESTAB',
			how: 'traced',
		},
	});
	const { rows } = layOut(
		new TimelineBuilder().build({
			scenario: 'a router that translates',
			hosts: HOSTS,
			events: [
				segment(0, { router: { entered: 0, forwarded: 0, translated: { from: outside, to: SERVER } }, arrived: 0 }),
				segment(1, { from: other, ...passed(1) }),
				state(2, outside),
				state(3, other),
			],
		}),
	);
	const marks = rows.flatMap((row) => (row.kind === 'events' ? row.marks.server.map(({ head }) => head) : []));
	expect(marks).toEqual(['#1 [ESTAB]', '#2 [ESTAB]']);
});
