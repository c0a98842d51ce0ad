import { type Agent, type AgentProcess, describeEnd } from '../agent/agent.ts';
import type { LabClock } from '../engines/engine.ts';
import { HalfopenError } from '../errors.ts';
import { LINK_TYPE } from '../formats/link-layers.ts';
import { PcapReader, type PcapRecord, pcapFile, type RecordedPacket } from '../formats/pcap.ts';

/** The kernel's buffer for packets: 16 MiB. With a snapshot of the headers only, it has room for whole bursts. */
const BUFFER_KIB = '16384';
export const SNAPSHOT_BYTES = 160;
/**
 * libpcap reads a message of the firewall's log into a buffer that is 128 bytes longer than the snapshot
 * (pcap-netfilter-linux.c). A message that does not fit ends the capture, and a message has some 170 bytes in addition
 * to the packet. So the rule limits the packet (--nflog-size), not the snapshot.
 */
const LOG_SNAPSHOT_BYTES = 4_096;

/** How long tcpdump may take to print its counts. */
const COUNT_LIMIT_MS = 20_000;
const KEPT_REMARKS = 2_048;
/** The last line of tcpdump's counts, which are totals since its start (pcap_stats(3PCAP), `ps_drop`). */
const COUNT = /(\d+) packets? dropped by kernel.*\n/g;

/** The callbacks of a capture. */
export interface CaptureSink {
	packet(packet: RecordedPacket): void;
	/** Called if tcpdump ends although it was not stopped. */
	ended(how: string): void;
}

/** A running tcpdump. */
export class Capture {
	readonly #reader = new PcapReader();
	readonly #sink: CaptureSink;
	#process!: AgentProcess;
	#remarks = '';
	#dropped = 0;
	#counting: Promise<boolean> = Promise.resolve(true);
	/** Called when tcpdump has written to standard error. */
	readonly #listeners = new Set<() => void>();
	#stopping = false;

	/** Resolves once tcpdump is listening. `source` is an interface as tcpdump names it: `any`, `nflog:1`. */
	static async start(machine: Agent, source: string, filter: string, sink: CaptureSink): Promise<Capture> {
		const capture = new Capture(sink);
		await capture.#start(machine, source, filter);
		return capture;
	}

	private constructor(sink: CaptureSink) {
		this.#sink = sink;
	}

	/** What the capture has missed, according to the latest count; undefined if it has missed nothing. */
	get missed(): string | undefined {
		if (this.#dropped > 0) return `${this.#dropped} packets dropped by the kernel`;
		const { unreadBytes } = this.#reader;
		return unreadBytes > 0 ? `${unreadBytes} bytes of the capture unreadable` : undefined;
	}

	/** Asks tcpdump how many packets it has missed (tcpdump(1), SIGUSR1). Resolves with whether it has answered. */
	count(clock: LabClock): Promise<boolean> {
		// One request after the other, because an answer does not say to which request it belongs.
		this.#counting = this.#counting.then(() => this.#count(clock));
		return this.#counting;
	}

	/**
	 * Stops tcpdump. Afterwards `missed` is final.
	 *
	 * @param wake makes a packet that tcpdump captures. On a firewall's log, libpcap looks whether it must stop only after
	 * it has read something, and misses a signal that comes just before it begins to read (netfilter_read_linux)
	 */
	async stop(wake = async () => {}): Promise<void> {
		this.#stopping = true;
		await this.#process.signal('SIGINT').catch(() => {});
		await wake().catch(() => {});
		await this.#process.drained;
		this.#takeCount();
	}

	async #count(clock: LabClock): Promise<boolean> {
		const stop = new AbortController();
		const counted = this.#whenRemarks(() => this.#takeCount(), stop.signal);
		const asked = this.#process.signal('SIGUSR1').then(() => counted);
		const gone = this.#process.exited.then(() => false);
		try {
			return await Promise.race([asked, gone, clock.sleep(COUNT_LIMIT_MS, stop.signal).then(() => false)]);
		} catch {
			// tcpdump has ended, which `ended` reports.
			return false;
		} finally {
			stop.abort();
		}
	}

	async #start(machine: Agent, source: string, filter: string): Promise<void> {
		const snapshot = source.startsWith('nflog') ? LOG_SNAPSHOT_BYTES : SNAPSHOT_BYTES;
		const listening = this.#whenRemarks(() => this.#remarks.includes('listening on'));
		// `-Z root`: tcpdump must not change its user. The user namespace of an ordinary user's lab has no other.
		const options = [
			'-Z',
			'root',
			'-nn',
			'-U',
			'--immediate-mode',
			'-B',
			BUFFER_KIB,
			'-s',
			String(snapshot),
			'-w',
			'-',
		];
		this.#process = await machine.spawn(['tcpdump', '-i', source, ...options, ...(filter ? [filter] : [])], {
			out: (bytes) => {
				for (const packet of this.#reader.push(bytes)) this.#sink.packet(packet);
			},
			err: (bytes) => {
				this.#remarks = `${this.#remarks}${bytes}`.slice(-KEPT_REMARKS);
				for (const listener of this.#listeners) listener();
			},
		});
		const ended = await Promise.race([listening, this.#process.exited]);
		if (ended !== true) {
			throw new HalfopenError('TOOL_MISSING', {
				problem: `tcpdump did not start to capture on ${source}.`,
				seen: this.#remarks,
				remedy: 'Run `npm run setup`: it builds the host image again. tcpdump in it must be allowed to capture.',
			});
		}
		this.#process.exited.then(
			(end) => {
				if (!this.#stopping)
					this.#sink.ended(`tcpdump ${describeEnd(end)}; its last output: ${lastLines(this.#remarks)}`);
			},
			// The agent is gone, which is reported elsewhere.
			() => {},
		);
	}

	/** Resolves when tcpdump has written something and `matches` returns true. Stops waiting when `stop` is aborted. */
	#whenRemarks(matches: () => boolean, stop?: AbortSignal): Promise<true> {
		return new Promise((resolve) => {
			const listener = () => {
				if (!matches()) return;
				this.#listeners.delete(listener);
				resolve(true);
			};
			this.#listeners.add(listener);
			stop?.addEventListener('abort', () => this.#listeners.delete(listener), { once: true });
		});
	}

	/** Removes the counts from tcpdump's remarks and keeps the last one. Returns whether there was one. */
	#takeCount(): boolean {
		const counts = [...this.#remarks.matchAll(COUNT)];
		this.#remarks = this.#remarks.replaceAll(COUNT, '');
		this.#dropped = Number(counts.at(-1)?.[1] ?? this.#dropped);
		return counts.length > 0;
	}
}

function lastLines(remarks: string): string {
	return remarks.trim().split('\n').slice(-3).join(' | ') || 'none';
}

/** Collects all packets of a host, including loopback but without sentinels, for a pcap file. */
export class PacketFile {
	readonly #records: PcapRecord[] = [];

	add(record: PcapRecord): void {
		this.#records.push(record);
	}

	get bytes(): Uint8Array {
		return pcapFile(LINK_TYPE.LINUX_SLL2, this.#records);
	}
}
