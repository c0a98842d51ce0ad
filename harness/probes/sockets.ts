import type { Agent, AgentProcess } from '../agent/agent.ts';
import type { LabClock } from '../engines/engine.ts';
import { parseSs } from '../formats/ss.ts';
import type { SsRow } from '../formats/types.ts';
import type { Pace } from './pace.ts';

/** Looks at the sockets for each line that it is told, a number. In one process, so that a look costs no more than `ss`. */
const SAMPLER = 'while read -r number; do echo "look $EPOCHREALTIME $number"; ss -tanoeiH; echo end; done';

/** Of a look: a line of its own, for what `ss` says may end with anything. */
const END = '\nend\n';

/** One look at the sockets of a host. */
export interface Look {
	/** When it began, seconds since the epoch. */
	readonly t: number;
	readonly rows: readonly SsRow[];
}

export interface LookSink {
	look(look: Look): void;
	unread(lines: readonly string[]): void;
}

/** `ss`, ready to look. */
export class SocketProbe {
	readonly #process: AgentProcess;
	readonly #clock: LabClock;
	readonly #pace: Pace;
	readonly #awaited = new Map<number, () => void>();
	#going: Promise<void> | undefined;
	#next: Promise<void> | undefined;
	#asked = 0;
	#latest: Look | undefined;
	/** Watchers, and what ends when there are none any more. */
	#watchers = 0;
	#watching: AbortController | undefined;

	static async start(machine: Agent, clock: LabClock, pace: Pace, sink: LookSink): Promise<SocketProbe> {
		let text = '';
		let looked: (text: string) => void = () => {};
		const process = await machine.spawn(['bash', '-c', SAMPLER], {
			out: (bytes) => {
				text += bytes;
				for (let end = text.indexOf(END); end >= 0; end = text.indexOf(END)) {
					looked(text.slice(0, end));
					text = text.slice(end + END.length);
				}
			},
		});
		const probe = new SocketProbe(process, clock, pace);
		looked = (look) => probe.#looked(look, sink);
		return probe;
	}

	private constructor(process: AgentProcess, clock: LabClock, pace: Pace) {
		this.#process = process;
		this.#clock = clock;
		this.#pace = pace;
	}

	/** Passes when a look that began after this call is in the history. Who asks while one is going on shares the next. */
	look(): Promise<void> {
		if (!this.#going) return this.#start();
		this.#next ??= this.#going.then(() => this.#start());
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
		for (let looks = 1; !stop.aborted && this.#process.ended === undefined; looks++) {
			await this.look();
			if (stop.aborted) return;
			await this.#clock.sleep(this.#pace({ looks, seconds: this.#clock.now() - since, rows: this.#latest?.rows ?? [] }), stop);
		}
	}

	#start(): Promise<void> {
		this.#next = undefined;
		this.#going = this.#once().finally(() => {
			this.#going = undefined;
		});
		return this.#going;
	}

	async #once(): Promise<void> {
		const number = ++this.#asked;
		const looked = new Promise<void>((resolve) => {
			this.#awaited.set(number, resolve);
		});
		await Promise.race([this.#process.write(`${number}\n`).then(() => looked), this.#process.exited]);
	}

	#looked(text: string, sink: LookSink): void {
		const [head = '', ...lines] = text.split('\n');
		const [, t, number] = head.split(' ');
		const { rows, unread } = parseSs(lines.join('\n'));
		if (unread.length > 0) sink.unread(unread);
		this.#latest = { t: Number(t), rows: rows.filter((row) => !row.local.address.startsWith('127.')) };
		sink.look(this.#latest);
		this.#awaited.get(Number(number))?.();
		this.#awaited.delete(Number(number));
	}
}
