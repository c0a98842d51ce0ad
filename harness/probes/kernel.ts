import type { Readable } from 'node:stream';
import { TraceReader } from '../formats/tracefs.ts';
import type { Endpoint, TraceRecord } from '../formats/types.ts';
import { type EventOf, HOST_NAMES, type HostName } from '../timeline/events.ts';
import type { History } from '../timeline/history.ts';
import type { Boots } from './boots.ts';
import type { Sentinels } from './sentinel.ts';

/** The observer's name, for sentinels and losses. */
export const KERNEL = 'kernel';

/** 37 s since 2017. */
const MOST_OF_TAI = 1_000;

export interface KernelProbeOptions {
	readonly trace: Readable;
	readonly history: History;
	readonly sentinels: Sentinels;
	readonly boots: Readonly<Record<HostName, Boots>>;
	/** After each state: `ss` may know what the kernel does not trace. */
	readonly onState: (event: EventOf<'state'>) => void;
}

/** The kernel's own word on sockets: one trace for the machine, of which a lab takes what bears its addresses. */
export class KernelProbe {
	readonly #options: KernelProbeOptions;
	readonly #reader = new TraceReader();
	/** Connecting sockets have no port yet when they enter SYN-SENT; the next change tells it. */
	readonly #portless = new Map<string, EventOf<'state'>[]>();
	/** Seconds that the trace's clock is ahead of the captures'. */
	#ahead = 0;
	#lastWords = 'none';
	#over = false;

	constructor(options: KernelProbeOptions) {
		this.#options = options;
		const { trace, history } = options;
		// Nothing has happened yet that it could have missed.
		for (const host of HOST_NAMES) history.started({ observer: KERNEL, host }, 0);
		trace.on('data', (bytes: Buffer) => {
			for (const record of this.#reader.push(bytes.toString('latin1'))) this.#record(record);
			for (const line of this.#reader.unread.splice(0)) this.#unread(line);
		});
		trace.on('error', (error) => this.#ended(error.message));
		trace.on('close', () => this.#ended(this.#lastWords));
		trace.on('end', () => this.#ended(this.#lastWords));
	}

	/**
	 * To be called once a sentinel was seen by the trace and by a capture. TAI is ahead by whole seconds; the time since
	 * the boot is behind by any.
	 */
	calibrate(aheadSeconds: number): void {
		this.#ahead = Math.abs(aheadSeconds) < MOST_OF_TAI ? Math.round(aheadSeconds) : aheadSeconds;
	}

	stop(): void {
		this.#over = true;
		this.#options.trace.destroy();
	}

	/** Lines with a number sign are the recorder's own. */
	#unread(line: string): void {
		if (line.startsWith('#')) this.#lastWords = line;
		else this.#options.history.lose({ observer: KERNEL, what: `could not read: ${line}`, since: this.#toldUntil });
	}

	#ended(lastWords: string): void {
		if (this.#over) return;
		this.#over = true;
		const { history, sentinels } = this.#options;
		history.lose({
			observer: KERNEL,
			what: `the trace of the kernel has ended; its last words: ${lastWords}`,
			since: this.#toldUntil,
		});
		sentinels.giveUp(KERNEL);
	}

	#record(record: TraceRecord): void {
		const { history, sentinels } = this.#options;
		if (record.kind === 'lost') {
			const what = `${record.events ?? 'some'} trace events lost on CPU ${record.cpu}`;
			history.lose({ observer: KERNEL, what, since: this.#toldUntil });
			return;
		}
		const addresses = [record.local.address, record.remote.address];
		if (addresses.map((address) => sentinels.saw(KERNEL, address, record.t)).includes(true))
			this.#sawSentinel(history.at(record.t - this.#ahead));
		// One trace serves all labs, and each has a loopback of these addresses.
		if (addresses.some((address) => address.startsWith('127.'))) return;
		const host = history.hostOf(record.local.address);
		if (host !== undefined) this.#add(host, record);
	}

	/** What came before has been told, or is known to be lost. */
	#sawSentinel(t: number): void {
		const { history } = this.#options;
		for (const host of HOST_NAMES) {
			const observed = { observer: KERNEL, host } as const;
			if (history.coverage.openLoss(observed)) history.recover(observed, t);
		}
	}

	/** One trace tells of both hosts: what one of them knows to be told, is. */
	get #toldUntil(): number {
		const { coverage } = this.#options.history;
		return Math.max(...HOST_NAMES.map((host) => coverage.completeUntil({ observer: KERNEL, host })));
	}

	#add(host: HostName, record: Exclude<TraceRecord, { kind: 'lost' }>): void {
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

	#addState(event: EventOf<'state'>): void {
		const { history, onState } = this.#options;
		const key = `${event.host} ${remoteName(event.remote)}`;
		const portless = this.#portless.get(key) ?? [];
		// Of several that connect to one place at once, the first to enter SYN-SENT is taken for the first to leave it.
		const entered = event.from === 'SYN-SENT' ? portless.shift() : undefined;
		if (entered) history.replace(entered, { ...entered, local: event.local });
		if (event.local.port === 0) this.#portless.set(key, [...portless, event]);
		history.add(event);
		onState(event);
	}
}

const remoteName = ({ address, port }: Endpoint) => `${address}:${port}`;
