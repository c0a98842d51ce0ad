import { type Agent, type AgentProcess, describeEnd } from '../agent/agent.ts';
import type { LabClock } from '../engines/engine.ts';
import { parseSs } from '../formats/ss.ts';
import type { SsRow } from '../formats/types.ts';
import type { SamplingInterval } from './sampling-interval.ts';

/**
 * A shell loop that takes a sample for each line of its input, a number. It is one process, so that a sample costs no
 * more than `ss`.
 */
const SAMPLER = `while read -r number; do
	echo "look $EPOCHREALTIME $number"
	remarks=$(ss -tanoeiH 2>&1 >&3)
	echo "end $? \${remarks//$'\\n'/ | }"
done 3>&1`;

/** The end of a sample: a line with the status of `ss` and what it wrote to standard error. */
const END = /\nend (\d+) (.*)\n/;

/** How long a sample may take. It usually takes some milliseconds. */
const SAMPLE_LIMIT_MS = 20_000;

/** A sample of the sockets of a host. */
export interface SsSample {
	/** When it began, in seconds since the epoch. */
	readonly t: number;
	readonly rows: readonly SsRow[];
	/** Lines of `ss` that could not be parsed. There may be sockets that are not among the rows. */
	readonly unread: readonly string[];
}

/** The callbacks of a socket probe. */
export interface SampleSink {
	sample(sample: SsSample): void;
	/** Called with a description if a sample failed or is late, or the loop around `ss` has ended. */
	lost(what: string): void;
}

/** Samples the sockets of a host with `ss`. */
export class SocketProbe {
	readonly #process: AgentProcess;
	readonly #clock: LabClock;
	readonly #interval: SamplingInterval;
	readonly #sink: SampleSink;
	/** Called with whether the sample succeeded, by number of the sample. */
	readonly #waiters = new Map<number, (succeeded: boolean) => void>();
	#current: Promise<boolean> | undefined;
	#next: Promise<boolean> | undefined;
	/** Whether the sampler or its machine has ended. */
	#stopped = false;
	#requests = 0;
	#latest: SsSample | undefined;
	/** The number of watchers. When there are none, `#watching` is aborted. */
	#watchers = 0;
	#watching: AbortController | undefined;

	static async start(
		machine: Agent,
		clock: LabClock,
		interval: SamplingInterval,
		sink: SampleSink,
	): Promise<SocketProbe> {
		let text = '';
		let onSample = (_text: string, _status: number, _remarks: string): void => {};
		const process = await machine.spawn(['bash', '-c', SAMPLER], {
			out: (bytes) => {
				text += bytes;
				for (let end = END.exec(text); end; end = END.exec(text)) {
					onSample(text.slice(0, end.index), Number(end[1]), end[2] ?? '');
					text = text.slice(end.index + end[0].length);
				}
			},
		});
		const probe = new SocketProbe(process, clock, interval, sink);
		onSample = (sample, status, remarks) => probe.#onSample(sample, status, remarks);
		return probe;
	}

	private constructor(process: AgentProcess, clock: LabClock, interval: SamplingInterval, sink: SampleSink) {
		this.#process = process;
		this.#clock = clock;
		this.#interval = interval;
		this.#sink = sink;
		process.exited.then(
			(end) => this.#ended(`the loop around ss ${describeEnd(end)}`),
			// The agent is gone, which is reported elsewhere.
			() => this.#ended(undefined),
		);
	}

	/**
	 * Resolves with true when a sample that began after this call is in the history, with false if it failed. Calls
	 * during a sample share the next one.
	 */
	sample(): Promise<boolean> {
		if (!this.#current) return this.#start();
		this.#next ??= this.#current.then(() => this.#start());
		return this.#next;
	}

	/** Samples repeatedly until the returned function is called. */
	watch(): () => void {
		this.#watchers++;
		if (!this.#watching) {
			this.#watching = new AbortController();
			// Rejects if the host was powered off. Whoever waits for its sockets gets that error elsewhere.
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
		const answered = new Promise<boolean>((resolve) => {
			this.#waiters.set(number, resolve);
		});
		const stop = new AbortController();
		const late = this.#clock.sleep(SAMPLE_LIMIT_MS, stop.signal).then(() => {
			if (!stop.signal.aborted) this.#sink.lost(`ss gave no answer within ${SAMPLE_LIMIT_MS / 1_000} s`);
			return false;
		});
		try {
			return await Promise.race([this.#process.write(`${number}\n`).then(() => answered), answered, late]);
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
			this.#sink.lost(`ss exited with status ${status}; its last output: ${remarks || 'none'}`);
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
