import { type Agent, type AgentProcess, describeEnd } from '../agent/agent.ts';
import type { LabClock } from '../engines/engine.ts';
import { parseSs } from '../formats/ss.ts';
import type { SsRow } from '../formats/types.ts';
import type { SamplingInterval } from './sampling-interval.ts';

/**
 * Looks at the sockets for each line that it is told, a number. In one process, so that a look costs no more than `ss`.
 */
const SAMPLER = `while read -r number; do
	echo "look $EPOCHREALTIME $number"
	remarks=$(ss -tanoeiH 2>&1 >&3)
	echo "end $? \${remarks//$'\\n'/ | }"
done 3>&1`;

/** Of a look, with the status of `ss` and its remarks: a line of its own, for what `ss` says may end with anything. */
const END = /\nend (\d+) (.*)\n/;

/** How long a look may take; it takes some milliseconds. */
const SAMPLE_LIMIT_MS = 20_000;

/** One look at the sockets of a host. */
export interface SocketSample {
	/** When it began, seconds since the epoch. */
	readonly t: number;
	readonly rows: readonly SsRow[];
	/** Lines of `ss` that could not be read: there may be sockets that are not among the rows. */
	readonly unread: readonly string[];
}

export interface SampleSink {
	sample(look: SocketSample): void;
	/** A look failed, did not come, or there will be none any more; in words. */
	lost(what: string): void;
}

/** `ss`, ready to look. */
export class SocketProbe {
	readonly #process: AgentProcess;
	readonly #clock: LabClock;
	readonly #interval: SamplingInterval;
	readonly #sink: SampleSink;
	/** Told whether the look was taken. */
	readonly #waiters = new Map<number, (taken: boolean) => void>();
	#current: Promise<boolean> | undefined;
	#next: Promise<boolean> | undefined;
	/** The sampler has ended, or its machine. */
	#stopped = false;
	#requests = 0;
	#latest: SocketSample | undefined;
	/** Watchers, and what ends when there are none any more. */
	#watchers = 0;
	#watching: AbortController | undefined;

	static async start(machine: Agent, clock: LabClock, pace: SamplingInterval, sink: SampleSink): Promise<SocketProbe> {
		let text = '';
		let looked = (_text: string, _status: number, _remarks: string): void => {};
		const process = await machine.spawn(['bash', '-c', SAMPLER], {
			out: (bytes) => {
				text += bytes;
				for (let end = END.exec(text); end; end = END.exec(text)) {
					looked(text.slice(0, end.index), Number(end[1]), end[2] ?? '');
					text = text.slice(end.index + end[0].length);
				}
			},
		});
		const probe = new SocketProbe(process, clock, pace, sink);
		looked = (look, status, remarks) => probe.#onSample(look, status, remarks);
		return probe;
	}

	private constructor(process: AgentProcess, clock: LabClock, pace: SamplingInterval, sink: SampleSink) {
		this.#process = process;
		this.#clock = clock;
		this.#interval = pace;
		this.#sink = sink;
		process.exited.then(
			(end) => this.#ended(`the loop around ss ${describeEnd(end)}`),
			// Its agent is gone, which is told by itself.
			() => this.#ended(undefined),
		);
	}

	/**
	 * Resolves with true when a look that began after this call is in the history, with false where it failed. Who asks
	 * while one is going on shares the next.
	 */
	sample(): Promise<boolean> {
		if (!this.#current) return this.#start();
		this.#next ??= this.#current.then(() => this.#start());
		return this.#next;
	}

	/** Looks again and again until the returned function is called. */
	watch(): () => void {
		this.#watchers++;
		if (!this.#watching) {
			this.#watching = new AbortController();
			// A host that is no more has no sockets to watch: who waits for some hears of that.
			this.#watch(this.#watching.signal).catch(() => {});
		}
		let isWatching = true;
		return () => {
			if (!isWatching) return;
			isWatching = false;
			this.#watchers--;
			if (this.#watchers > 0) return;
			this.#watching?.abort();
			this.#watching = undefined;
		};
	}

	async #watch(stop: AbortSignal): Promise<void> {
		const since = this.#clock.now();
		for (let samples = 1; !stop.aborted && !this.#stopped; samples++) {
			await this.sample();
			if (stop.aborted) return;
			await this.#clock.sleep(
				this.#interval({ samples, seconds: this.#clock.now() - since, rows: this.#latest?.rows ?? [] }),
				stop,
			);
		}
	}

	#start(): Promise<boolean> {
		this.#next = undefined;
		this.#current = this.#sampleOnce().finally(() => {
			this.#current = undefined;
		});
		return this.#current;
	}

	async #sampleOnce(): Promise<boolean> {
		if (this.#stopped) return false;
		const number = ++this.#requests;
		const looked = new Promise<boolean>((resolve) => {
			this.#waiters.set(number, resolve);
		});
		const stop = new AbortController();
		const late = this.#clock.sleep(SAMPLE_LIMIT_MS, stop.signal).then(() => {
			if (!stop.signal.aborted) this.#sink.lost(`ss gave no answer within ${SAMPLE_LIMIT_MS / 1_000} s`);
			return false;
		});
		try {
			return await Promise.race([this.#process.write(`${number}\n`).then(() => looked), looked, late]);
		} finally {
			stop.abort();
			this.#waiters.delete(number);
		}
	}

	#onSample(text: string, status: number, remarks: string): void {
		const [head = '', ...lines] = text.split('\n');
		const [, t, number] = head.split(' ');
		const answer = this.#waiters.get(Number(number));
		if (status !== 0) {
			this.#sink.lost(`ss exited with status ${status}; its last words: ${remarks || 'none'}`);
			answer?.(false);
			return;
		}
		const { rows, unread } = parseSs(lines.join('\n'));
		this.#latest = { t: Number(t), rows: rows.filter((row) => !row.local.address.startsWith('127.')), unread };
		this.#sink.sample(this.#latest);
		answer?.(true);
	}

	#ended(how: string | undefined): void {
		this.#stopped = true;
		if (how !== undefined) this.#sink.lost(how);
		for (const answer of this.#waiters.values()) answer(false);
	}
}
