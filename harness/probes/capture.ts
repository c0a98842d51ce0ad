import type { Agent, AgentProcess } from '../agent/agent.ts';
import { HalfopenError } from '../errors.ts';
import { LINK_TYPE } from '../formats/link-layers.ts';
import { PcapReader, type PcapRecord, pcapFile, type RecordedPacket } from '../formats/pcap.ts';

/** Room for 16 MiB of packets in the kernel, and no more of each than its headers: a small snapshot keeps bursts whole. */
const BUFFER_KIB = '16384';
export const SNAPSHOT_BYTES = 160;
/**
 * The buffer into which libpcap reads a message of the firewall's log is 128 bytes longer than the snapshot (pcap-netfilter-linux.c), and a message
 * that does not fit ends the capture. It holds some 170 bytes beside the packet. So the rule limits what is copied (--nflog-size), not the snapshot.
 */
const LOG_SNAPSHOT_BYTES = 4_096;

/** What is told of a capture: each packet, and what it missed. */
export interface CaptureSink {
	packet(packet: RecordedPacket): void;
	lost(what: string): void;
}

/** A running tcpdump. */
export class Capture {
	readonly #process: AgentProcess;
	readonly #reader: PcapReader;
	readonly #sink: CaptureSink;
	readonly #remarks: () => string;

	/** Passes once tcpdump is listening. `source` is an interface as tcpdump names it: `any`, `nflog:1`. */
	static async start(machine: Agent, source: string, filter: string, sink: CaptureSink): Promise<Capture> {
		const reader = new PcapReader();
		let remarks = '';
		let listening: () => void = () => {};
		const started = new Promise<void>((resolve) => {
			listening = resolve;
		});
		// It stays who it is: in the user namespace of an ordinary user's lab there is nobody else to become.
		const argv = [
			'tcpdump',
			'-Z',
			'root',
			'-i',
			source,
			'-nn',
			'-U',
			'--immediate-mode',
			'-B',
			BUFFER_KIB,
			'-s',
			String(source.startsWith('nflog') ? LOG_SNAPSHOT_BYTES : SNAPSHOT_BYTES),
			'-w',
			'-',
			...(filter ? [filter] : []),
		];
		const process = await machine.spawn(argv, {
			out: (bytes) => {
				for (const packet of reader.push(bytes)) sink.packet(packet);
			},
			err: (bytes) => {
				remarks += bytes;
				if (remarks.includes('listening on')) listening();
			},
		});
		const ended = await Promise.race([started, process.exited]);
		if (ended) {
			throw new HalfopenError('TOOL_MISSING', {
				problem: `tcpdump did not start to listen on ${source}.`,
				seen: remarks,
				remedy: 'The host image must hold a tcpdump that may capture: build it anew with `npm run setup`.',
			});
		}
		return new Capture(process, reader, sink, () => remarks);
	}

	private constructor(process: AgentProcess, reader: PcapReader, sink: CaptureSink, remarks: () => string) {
		this.#process = process;
		this.#reader = reader;
		this.#sink = sink;
		this.#remarks = remarks;
	}

	/** Ends tcpdump and tells what it says of its losses (pcap(3PCAP), `ps_drop`). */
	async stop(): Promise<void> {
		await this.#process.signal('SIGINT').catch(() => {});
		await this.#process.drained;
		const dropped = Number(/(\d+) packets? dropped by kernel/.exec(this.#remarks())?.[1] ?? 0);
		if (dropped > 0) this.#sink.lost(`${dropped} packets dropped by the kernel`);
		if (this.#reader.unreadBytes > 0) this.#sink.lost(`${this.#reader.unreadBytes} bytes of the capture unreadable`);
	}
}

/** All packets of one host, those of its loopback included, but for the harness's sentinels; kept for a pcap that Wireshark opens. */
export class PacketFile {
	readonly #records: PcapRecord[] = [];

	add(record: PcapRecord): void {
		this.#records.push(record);
	}

	get bytes(): Uint8Array {
		return pcapFile(LINK_TYPE.LINUX_SLL2, this.#records);
	}
}
