import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { execa } from 'execa';
import { PcapReader } from '../harness/formats/pcap.ts';
import { matchSegments, packetsFor, parsePattern, type SegmentPattern } from '../harness/matchers/segment-pattern.ts';
import { drawSvg, drawText, layOut } from '../harness/report/ladder/index.ts';
import { timelineText } from '../harness/report/write-artifacts.ts';
import { History } from '../harness/timeline/history.ts';
import type { PacketObservation } from '../harness/timeline/packet-join.ts';
import { TIMELINE_VERSION, type TimelineFile } from '../harness/timeline/timeline-file.ts';
import type { Scale } from './results.ts';
import { rounded } from './sides.ts';
import { say } from './surroundings.ts';
import { ADDRESSES, transfer } from './transfer.ts';

const TRANSFER_BYTES = 200_000_000;
/** About 50,000 segments. */
const QUERIED_BYTES = 45_000_000;
const QUERIES = 50;
/** The capacity of a pipe. */
const CHUNK = 65_536;
/** The start of histories, in seconds since the epoch. */
const ORIGIN = 1_800_000_000;

const PATTERNS: readonly SegmentPattern[] = ['> S', '< S.', '...', '1..x > .', '...', '< .', '...'];

/**
 * Measures the cost of a history with many segments: CPU time, memory, and the longest of 50 queries, each after an
 * addition.
 */
export async function measureScale(): Promise<Scale> {
	say('a history of 50,000 segments: 50 queries');
	const longest_query_ms = longestQuery();
	say('a transfer of 200 MB: read, joined, matched, drawn, written');
	const { client, server, packets } = transfer(TRANSFER_BYTES);
	// This collects the garbage of creating the captures before anything is measured.
	const empty = heapUsed();
	const tshark_s = await tshark([client, server]);
	const history = new History(ORIGIN, { client: [ADDRESSES.client], server: [ADDRESSES.server] });
	const steps = {
		read: seconds(() => readCaptures(client, server, (one) => history.observe(one))),
		join: seconds(() => history.events),
		match: seconds(() => matches(history)),
	};
	const segments = history.segments.length;
	const bytes_per_segment = Math.round((heapUsed() - empty) / segments);
	const timeline = timelineOf(history);
	const ours_s = {
		...steps,
		draw: seconds(() => {
			const ladder = layOut(timeline);
			return [drawText(ladder), drawSvg(ladder)];
		}),
		write: seconds(() => timelineText(timeline)),
	};
	// A lab reads during the transfer. The user waits for the other steps afterwards.
	const after_read_s = rounded(ours_s.join + ours_s.match + ours_s.draw + ours_s.write, 2);
	return {
		packets,
		segments,
		bytes_per_segment,
		longest_query_ms,
		ours_s,
		after_read_s,
		...(tshark_s !== undefined && { tshark_s }),
	};
}

/** Reads both captures alternately, in chunks, and passes on their observations. */
function readCaptures(client: Uint8Array, server: Uint8Array, to: (observation: PacketObservation) => void): void {
	const captures = [
		{ host: 'client', bytes: client, reader: new PcapReader() },
		{ host: 'server', bytes: server, reader: new PcapReader() },
	] as const;
	for (let at = 0; at < Math.max(client.length, server.length); at += CHUNK) {
		for (const { host, bytes, reader } of captures) {
			for (const packet of reader.push(bytes.subarray(at, at + CHUNK))) {
				if (packet.kind === 'segment')
					to({ host, boot: 1, what: packet.direction === 'out' ? 'left' : 'arrived', packet });
			}
		}
	}
}

function matches(history: History): boolean {
	const patterns = PATTERNS.map(parsePattern);
	return matchSegments(packetsFor(history.packets, patterns), patterns);
}

/** Returns the CPU time of the longest query, in ms. */
function longestQuery(): number {
	const { client, server } = transfer(QUERIED_BYTES);
	const all: PacketObservation[] = [];
	readCaptures(client, server, (one) => all.push(one));
	const history = new History(ORIGIN, { client: [ADDRESSES.client], server: [ADDRESSES.server] });
	for (const one of all.splice(0, all.length - QUERIES)) history.observe(one);
	const query = () => [history.segments.length, history.of('segment').length, matches(history)];
	// The first query joins all packets so far, and lets the engine compile the code.
	query();
	const took = all.map((one) => {
		history.observe(one);
		return seconds(query);
	});
	return rounded(Math.max(...took) * 1_000, 1);
}

/** Returns the CPU time in which tshark reads both captures, in seconds, or undefined if tshark is not installed. */
async function tshark(captures: readonly Uint8Array[]): Promise<number | undefined> {
	const folder = await mkdtemp(join(tmpdir(), 'halfopen-bench-'));
	try {
		const files = captures.map((_, index) => join(folder, `${index}.pcap`));
		await Promise.all(captures.map((bytes, index) => writeFile(files[index] ?? '', bytes)));
		let total = 0;
		for (const file of files) {
			const { exitCode, stderr } = await execa(
				'bash',
				['-c', 'TIMEFORMAT="%U %S"; time tshark -r "$1" >/dev/null', 'bash', file],
				{ reject: false },
			);
			if (exitCode !== 0) return undefined;
			const [user = 0, system = 0] = stderr.trim().split('\n').at(-1)?.split(' ').map(Number) ?? [];
			total += user + system;
		}
		return rounded(total, 2);
	} finally {
		await rm(folder, { recursive: true });
	}
}

/** Returns the CPU time of some work, in seconds. Unlike wall time it does not depend on the load of the machine. */
function seconds(work: () => unknown): number {
	const before = process.cpuUsage();
	work();
	const { user, system } = process.cpuUsage(before);
	return rounded((user + system) / 1e6, 3);
}

/** Returns the memory that is in use after garbage collection, in bytes. */
function heapUsed(): number {
	setFlagsFromString('--expose-gc');
	// The second collection frees buffers.
	for (let times = 0; times < 2; times++) runInNewContext('gc')();
	const { heapUsed, arrayBuffers } = process.memoryUsage();
	return heapUsed + arrayBuffers;
}

function timelineOf(history: History): TimelineFile {
	const host = (ip: string) => ({ ip, mac: '02:00:00:00:00:01' });
	return {
		version: TIMELINE_VERSION,
		scenario: 'a transfer',
		spec: 'bench',
		outcome: 'passed',
		startedAt: new Date(ORIGIN * 1_000).toISOString(),
		engine: 'none',
		offloads: 'off',
		kernel: { release: 'none', sysctls: {} },
		tools: {},
		hosts: { client: host(ADDRESSES.client), server: host(ADDRESSES.server) },
		clocks: [],
		losses: [],
		skipped: [],
		verdicts: [],
		events: [...history.events],
	};
}
