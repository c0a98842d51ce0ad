/** A burst of which no observer loses a packet, and the files that a scenario writes. */
import { existsSync, statSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from '@jest/globals';
import { PcapReader } from '../formats/pcap.ts';
import { expect, scenario } from '../index.ts';
import { ARTIFACTS, type Artifact, fromProjectRoot, REPORTS, slugOf } from '../report/artifacts.ts';
import { renderLadder } from '../report/ladder/index.ts';
import { LADDER_WIDTH } from '../report/write-artifacts.ts';
import { type TimelineFile, timelineSchema } from '../timeline/timeline-file.ts';

const connections = 2_000;
const bytes = 8 << 20;
const story = 'burst: 2,000 connections and 8 MiB';

const acceptAll = (any: string) => `require('node:net').createServer((socket) => socket.on('error', () => {}).resume())
	.listen(7000, '${any}', 4096, () => console.log('ready'))`;

/** Fifty connections at a time. Each is reset, so that none stays in TIME-WAIT. */
const connectAll = (address: string) => `
	let left = ${connections};
	const next = () => {
		if (left-- <= 0) return;
		const socket = require('node:net').connect(7000, '${address}', () => socket.resetAndDestroy());
		socket.on('close', next);
	};
	for (let at = 0; at < 50; at++) next();`;

scenario(story, {}, async ({ client, server, timeline }) => {
	// Not started as peers, because their calls are not needed.
	let listening: () => void = () => {};
	const ready = new Promise<void>((resolve) => {
		listening = resolve;
	});
	await server.boot.userland.spawn(['node', '-e', acceptAll(server.ipVersion === 'ipv6' ? '::' : '0.0.0.0')], {
		out: listening,
	});
	await ready;
	await client.boot.userland.run(['node', '-e', connectAll(server.address)]);
	const load = `head -c ${bytes} /dev/zero | nc.openbsd -N ${server.address} 7000`;
	await client.boot.userland.run(['sh', '-c', load]);
	await timeline.context.flush();

	// Delivered: both captures saw it. On a busy machine a segment may be sent twice.
	const sent = timeline.segments().filter(({ retransmission }) => !retransmission);
	const flags = (host: 'client' | 'server', wanted: string) =>
		sent.filter((segment) => segment.host === host && segment.flags === wanted && segment.arrived !== undefined).length;
	expect(flags('client', 'S')).toBe(connections + 1);
	expect(flags('server', 'S.')).toBe(connections + 1);
	expect(flags('client', 'R.')).toBe(connections);
	expect(timeline.segments().filter(({ fate }) => fate !== 'delivered')).toEqual([]);
	expect(sent.reduce((sum, { length }) => sum + length, 0)).toBe(bytes);
	const established = timeline.context.history
		.of('state', 'server')
		.filter(({ how, to }) => how === 'traced' && to === 'ESTAB');
	expect(established).toHaveLength(connections + 1);

	const { out, err } = await client.boot.machine.run(['tcpdump', '-nr', '-', 'tcp'], {
		input: Buffer.from(client.packets.bytes),
	});
	expect(err).toContain('link-type LINUX_SLL2');
	expect(out.trimEnd().split('\n')).toHaveLength(timeline.segments().length);
});

const { testPath } = expect.getState();

/** Returns the path of a file of this scenario: the newest one of all engines and kernels. */
async function pathOf(artifact: Artifact): Promise<string> {
	const folders = (await readdir(REPORTS)).map((place) =>
		join(REPORTS, place, fromProjectRoot(testPath ?? ''), slugOf(story)),
	);
	const found = folders.map((folder) => join(folder, ARTIFACTS[artifact])).filter((path) => existsSync(path));
	const [newest] = found.sort((one, other) => statSync(other).mtimeMs - statSync(one).mtimeMs);
	if (newest === undefined) throw new Error(`${story} left no ${artifact}`);
	return newest;
}

async function timelineFile(): Promise<TimelineFile> {
	return timelineSchema.parse(JSON.parse(await readFile(await pathOf('timeline'), 'utf8')));
}

test('timeline.json matches its schema, and no observer lost anything', async () => {
	const { losses, outcome, scenario: name, kernel, events } = await timelineFile();
	expect({ losses, outcome, name }).toEqual({ losses: [], outcome: 'passed', name: story });
	expect(kernel.sysctls).toMatchObject({
		tcp_congestion_control: 'reno',
		tcp_retries2: expect.stringMatching(/^\d+$/),
	});
	const times = events.map(({ t }) => t);
	expect(times).toEqual([...times].sort((a, b) => a - b));
});

test.each(['client', 'server'] as const)(
	'%s.pcap contains all segments of the timeline, and no sentinel',
	async (host) => {
		const { events } = await timelineFile();
		const packets = [...new PcapReader().push(await readFile(await pathOf(host)))];
		const segments = packets.filter((packet) => packet.kind === 'segment');
		expect(segments).toHaveLength(events.filter(({ kind }) => kind === 'segment').length);
		const addresses = new Set(segments.flatMap(({ from, to }) => [from.address, to.address]));
		expect([...addresses].filter((address) => address.startsWith('127.'))).toEqual([]);
		expect(packets.filter((packet) => packet.kind === 'other' && packet.what.startsWith('undecodable'))).toEqual([]);
	},
);

test('the ladder is rendered from the timeline', async () => {
	const ladder = await readFile(await pathOf('ladder'), 'utf8');
	expect(ladder).toContain(story);
	expect(ladder).toBe(renderLadder(await timelineFile(), { width: LADDER_WIDTH }));
});
