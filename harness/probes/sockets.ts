import type { Agent, AgentProcess } from '../agent/agent.ts';
import { parseSs } from '../formats/ss.ts';
import type { SsRow } from '../formats/types.ts';

/**
 * Looks at the sockets for as long as it is told to: a line `<seconds> <number>` asks for a look now, and one after each so many seconds
 * (`-`: no more) until the next line. In the host, so that waiting costs no message, and none is lost to a slow harness.
 *
 * What it is told and the ticks of its timer come through one queue, because bash loses what it had read of a line when a `read -t` is
 * over its time: the only one with a limit reads where there is never anything.
 */
const SAMPLER = `
exec {told}<&0
coproc { while read -r line; do echo "$line"; done; echo end; } <&$told
exec {queue}<>/proc/self/fd/\${COPROC[0]} {never}<>/proc/self/fd/\${COPROC[1]}
interval=- timer= ticks=0
disarm() { [ -z "$timer" ] || kill $timer 2>&-; timer=; }
while read -r line <&$queue; do
	case $line in
	end) disarm; exit;;
	"tick $ticks") timer=;;
	tick*) continue;;
	*) [ "\${line% *}" = "$interval" ] || disarm; interval=\${line% *} number=\${line#* };;
	esac
	echo "look $EPOCHREALTIME $number"; ss -tanoeiH; echo end
	[ "$interval" = - ] || [ -n "$timer" ] || { ((++ticks)); { read -rt $interval -u $never; echo "tick $ticks" >&$queue; } & timer=$!; }
done`;

/** Of a look: a line of its own, for what `ss` says may end with anything. */
const END = '\nend\n';

/** How often a watched host is looked at, in seconds: quickly at first; who waits for long need not look often. */
const INTERVALS: readonly (readonly [looks: number, seconds: string])[] = [
	[60, '0.5'],
	[20, '0.2'],
	[0, '0.05'],
];

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
	readonly #awaited = new Map<number, () => void>();
	#going: Promise<void> | undefined;
	#next: Promise<void> | undefined;
	#asked = 0;
	#watchers = 0;
	#looksSinceWatched = 0;
	#interval = '-';

	static async start(machine: Agent, sink: LookSink): Promise<SocketProbe> {
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
		const probe = new SocketProbe(process);
		looked = (look) => probe.#looked(look, sink);
		return probe;
	}

	private constructor(process: AgentProcess) {
		this.#process = process;
	}

	/** Passes when a look that began after this call is in the history. Who asks while one is going on shares the next. */
	look(): Promise<void> {
		if (!this.#going) return this.#start();
		this.#next ??= this.#going.then(() => this.#start());
		return this.#next;
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
		await Promise.race([this.#ask(number).then(() => looked), this.#process.exited]);
	}

	/** Looks again and again until the returned function is called. */
	watch(): () => void {
		this.#watchers++;
		this.#looksSinceWatched = 0;
		this.#pace();
		let watching = true;
		return () => {
			if (!watching) return;
			watching = false;
			this.#watchers--;
			this.#pace();
		};
	}

	#pace(): void {
		const interval = this.#watchers === 0 ? '-' : (INTERVALS.find(([looks]) => this.#looksSinceWatched >= looks)?.[1] ?? '-');
		if (interval === this.#interval) return;
		this.#interval = interval;
		this.#ask(this.#asked).catch(() => {});
	}

	#ask(number: number): Promise<void> {
		return this.#process.write(`${this.#interval} ${number}\n`);
	}

	#looked(text: string, sink: LookSink): void {
		const [head = '', ...lines] = text.split('\n');
		const [, t, number] = head.split(' ');
		const { rows, unread } = parseSs(lines.join('\n'));
		if (unread.length > 0) sink.unread(unread);
		sink.look({ t: Number(t), rows: rows.filter((row) => !row.local.address.startsWith('127.')) });
		this.#looksSinceWatched++;
		this.#pace();
		for (const [asked, resolve] of this.#awaited) {
			if (asked > Number(number)) continue;
			this.#awaited.delete(asked);
			resolve();
		}
	}
}
