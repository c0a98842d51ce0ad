import { type Agent, type AgentProcess, describeEnd } from '../agent/agent.ts';
import type { LabClock } from '../engines/engine.ts';
import { HalfopenError } from '../errors.ts';
import { LINK_TYPE } from '../formats/link-layers.ts';
import { PcapReader, type PcapRecord, pcapFile, type RecordedPacket } from '../formats/pcap.ts';

/**
 * Room for 16 MiB of packets in the kernel, and no more of each than its headers: a small snapshot keeps bursts whole.
 */
const BUFFER_KIB = '16384';
export const SNAPSHOT_BYTES = 160;
/**
 * The buffer into which libpcap reads a message of the firewall's log is 128 bytes longer than the snapshot
 * (pcap-netfilter-linux.c), and a message that does not fit ends the capture. It holds some 170 bytes beside the
 * packet. So the rule limits what is copied (--nflog-size), not the snapshot.
 */
const LOG_SNAPSHOT_BYTES = 4_096;

/** How long tcpdump may take to say how many packets it has missed. */
const COUNT_LIMIT_MS = 20_000;
const KEPT_REMARKS = 2_048;
/** The end of each count (pcap(3PCAP), `ps_drop`), of all packets so far. */
const COUNT = /(\d+) packets? dropped by kernel.*\n/g;

/** What is told of a capture: each packet, and that it ended by itself, with its last words. */
export interface CaptureSink {
	packet(packet: RecordedPacket): void;
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
	/** Called when tcpdump has said something. */
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

	/** What it has missed, in words, as far as it has been counted; undefined where it has missed nothing. */
	get missed(): string | undefined {
		if (this.#dropped > 0) return `${this.#dropped} packets dropped by the kernel`;
		const { unreadBytes } = this.#reader;
		return unreadBytes > 0 ? `${unreadBytes} bytes of the capture unreadable` : undefined;
	}

	/** Asks tcpdump how many packets it has missed (tcpdump(1), SIGUSR1); resolves with whether it has answered. */
	count(clock: LabClock): Promise<boolean> {
		// One after the other: an answer must belong to its question.
		this.#counting = this.#counting.then(() => this.#count(clock));
		return this.#counting;
	}

	/** Ends tcpdump; `missed` is final then. */
	async stop(): Promise<void> {
		this.#stopping = true;
		await this.#process.signal('SIGINT').catch(() => {});
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
			// It has ended; that is told by itself.
			return false;
		} finally {
			stop.abort();
		}
	}

	async #start(machine: Agent, source: string, filter: string): Promise<void> {
		const snapshot = source.startsWith('nflog') ? LOG_SNAPSHOT_BYTES : SNAPSHOT_BYTES;
		const listening = this.#whenRemarks(() => this.#remarks.includes('listening on'));
		// It stays who it is: in the user namespace of an ordinary user's lab there is nobody else to become.
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
					this.#sink.ended(`tcpdump ${describeEnd(end)}; its last words: ${lastLines(this.#remarks)}`);
			},
			// Its agent is gone, which is told by itself.
			() => {},
		);
	}

	/** Resolves when what tcpdump has said passes; it is not looked at any more when the signal is aborted. */
	#whenRemarks(passes: () => boolean, stop?: AbortSignal): Promise<true> {
		return new Promise((resolve) => {
			const listener = () => {
				if (!passes()) return;
				this.#listeners.delete(listener);
				resolve(true);
			};
			this.#listeners.add(listener);
			stop?.addEventListener('abort', () => this.#listeners.delete(listener), { once: true });
		});
	}

	/** Takes the counts out of what was said; true where there was one. */
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

/**
 * All packets of one host, those of its loopback included, but for the harness's sentinels; kept for a pcap that
 * Wireshark opens.
 */
export class PacketFile {
	readonly #records: PcapRecord[] = [];

	add(record: PcapRecord): void {
		this.#records.push(record);
	}

	get bytes(): Uint8Array {
		return pcapFile(LINK_TYPE.LINUX_SLL2, this.#records);
	}
}
