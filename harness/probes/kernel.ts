import type { Readable } from 'node:stream';
import { TraceReader } from '../formats/tracefs.ts';
import type { Endpoint, TraceRecord } from '../formats/types.ts';
import { HOST_NAMES, type NodeName, type StateEvent } from '../timeline/events.ts';
import type { History } from '../timeline/history.ts';
import type { Boots } from './boots.ts';
import type { Sentinels } from './sentinel.ts';

/** The observer's name, for sentinels and losses. */
export const KERNEL = 'kernel';

/** More than the offset between TAI and UTC, in seconds, which is 37 since 2017. */
const MAX_TAI_OFFSET = 1_000;

export interface KernelProbeOptions {
	readonly trace: Readable;
	readonly history: History;
	readonly sentinels: Sentinels;
	readonly boots: Readonly<Record<NodeName, Boots>>;
	/**
	 * Called after each traced state change: a sample of `ss` may show the next state, which the kernel does not trace.
	 */
	readonly onState: (event: StateEvent) => void;
}

/**
 * Adds the kernel's trace events to the history. One trace serves the whole machine; a lab takes those with its
 * addresses.
 */
export class KernelProbe {
	readonly #options: KernelProbeOptions;
	readonly #reader = new TraceReader();
	/** Changes to SYN-SENT of sockets that have no port yet. The next change of the socket has the port. */
	readonly #portless = new Map<string, StateEvent[]>();
	/** By how many seconds the trace's clock is ahead of the captures'. */
	#ahead = 0;
	#lastMessage = 'none';
	#isStopped = false;

	constructor(options: KernelProbeOptions) {
		this.#options = options;
		const { trace, history } = options;
		// Nothing has happened yet, so the trace is complete from time 0.
		for (const host of HOST_NAMES) history.started({ observer: KERNEL, host }, 0);
		trace.on('data', (bytes: Buffer) => {
			for (const record of this.#reader.push(bytes.toString('latin1'))) this.#record(record);
			for (const line of this.#reader.unread.splice(0)) this.#unread(line);
		});
		trace.on('error', (error) => this.#ended(error.message));
		trace.on('close', () => this.#ended(this.#lastMessage));
		trace.on('end', () => this.#ended(this.#lastMessage));
	}

	/**
	 * Sets the offset of the trace's clock, measured with a sentinel. If the clock is TAI, the offset is a whole number
	 * of seconds. If it is the time since boot, it is any number.
	 */
	calibrate(aheadSeconds: number): void {
		this.#ahead = Math.abs(aheadSeconds) < MAX_TAI_OFFSET ? Math.round(aheadSeconds) : aheadSeconds;
	}

	stop(): void {
		this.#isStopped = true;
		this.#options.trace.destroy();
	}

	/** Handles a line that is no trace event. Lines that begin with `#` are messages of the recorder. */
	#unread(line: string): void {
		if (line.startsWith('#')) this.#lastMessage = line;
		else this.#options.history.lose({ observer: KERNEL, what: `could not read: ${line}`, since: this.#completeUntil });
	}

	#ended(lastMessage: string): void {
		if (this.#isStopped) return;
		this.#isStopped = true;
		const { history, sentinels } = this.#options;
		history.lose({
			observer: KERNEL,
			what: `the kernel’s trace has ended; its last output: ${lastMessage}`,
			since: this.#completeUntil,
		});
		sentinels.giveUp(KERNEL);
	}

	#record(record: TraceRecord): void {
		const { history, sentinels } = this.#options;
		if (record.kind === 'lost') {
			const what = `${record.events ?? 'some'} trace events lost on CPU ${record.cpu}`;
			history.lose({ observer: KERNEL, what, since: this.#completeUntil });
			return;
		}
		const addresses = [record.local.address, record.remote.address];
		if (addresses.map((address) => sentinels.saw(KERNEL, address, record.t)).includes(true))
			this.#sawSentinel(history.at(record.t - this.#ahead));
		// One trace serves all labs, and each lab has these addresses on its loopback.
		if (addresses.some((address) => address.startsWith('127.'))) return;
		const host = history.hostOf(record.local.address);
		if (host !== undefined) this.#add(host, record);
	}

	/** Ends an open loss at a sentinel: what happened before it is reported, or is recorded as lost. */
	#sawSentinel(t: number): void {
		const { history } = this.#options;
		for (const host of HOST_NAMES) {
			const observed = { observer: KERNEL, host } as const;
			if (history.coverage.openLoss(observed)) history.recover(observed, t);
		}
	}

	/** Up to when the trace is complete. It is one trace for both hosts, so the later of the two times counts. */
	get #completeUntil(): number {
		const { coverage } = this.#options.history;
		return Math.max(...HOST_NAMES.map((host) => coverage.completeUntil({ observer: KERNEL, host })));
	}

	#add(host: NodeName, record: Exclude<TraceRecord, { kind: 'lost' }>): void {
		const { history, boots } = this.#options;
		const { local, remote } = record;
		const epochSeconds = record.t - this.#ahead;
		const at = { t: history.at(epochSeconds), host, ...boots[host].attribute(epochSeconds, record), local, remote };
		switch (record.kind) {
			case 'state':
				this.#addState({ kind: 'state', ...at, from: record.from, to: record.to, how: 'traced' });
				break;
			case 'error':
				history.add({ kind: 'error', ...at, errno: record.errno, source: 'kernel' });
				break;
			case 'reset':
				history.add({
					kind: 'reset',
					...at,
					direction: record.direction,
					...(record.reason !== undefined && { reason: record.reason }),
				});
				break;
			case 'retransmit':
				history.add({ kind: 'retransmit', ...at, state: record.state });
				break;
		}
	}

	#addState(event: StateEvent): void {
		const { history, onState } = this.#options;
		const key = `${event.host} ${remoteName(event.remote)}`;
		const portless = this.#portless.get(key) ?? [];
		// If several sockets connect to one endpoint at once, the first to enter SYN-SENT is assumed to leave it first.
		const entered = event.from === 'SYN-SENT' ? portless.shift() : undefined;
		if (entered) history.replace(entered, { ...entered, local: event.local });
		if (event.local.port === 0) this.#portless.set(key, [...portless, event]);
		history.add(event);
		onState(event);
	}
}

const remoteName = ({ address, port }: Endpoint) => `${address}:${port}`;
