import type { Agent, AgentProcess } from '../agent/agent.ts';
import { describeEnd } from '../agent/agent.ts';
import { quietResolvers } from '../agent/promises.ts';
import type { LabClock } from '../engines/engine.ts';
import { HalfopenError } from '../errors.ts';
import { readBareIp } from '../formats/link-layers.ts';
import type { CapturedPacket } from '../formats/types.ts';
import { HOST_NAMES, type HostName, otherHost } from '../timeline/events.ts';
import type { History } from '../timeline/history.ts';
import type { Passage } from '../timeline/passage.ts';

/** What a relay needs from its lab. */
interface RelayContext {
	readonly history: History;
	readonly clock: LabClock;
}

/** A packet that the relay has and did not send yet. */
interface RelayedPacket {
	readonly to: HostName;
	/** When the relay got it, in seconds since the epoch. */
	readonly t: number;
	readonly packet: CapturedPacket;
	/** Undefined for packets that are no events of the history. */
	passage: Passage | undefined;
}

const bitsFrom = (first: number) => Array.from({ length: 16 }, (_, index) => first + index);
/** The bits of the mark: a fault gets the packets themselves, or copies of packets that pass. */
const BITS = { take: bitsFrom(0), copy: bitsFrom(16) };
const maskOf = (bits: readonly number[]) => `0x${bits.reduce((mask, bit) => mask + 2 ** bit, 0).toString(16)}`;

/** The netfilter log group that the relay reads (LOG_GROUP in agent/src/relay_main.c). */
export const RELAY_GROUP = 2;

/** Returns a statement of nft(8) that gives packets to the relay. */
export const logToRelay = (prefix: string): string => `log prefix "${prefix}" group ${RELAY_GROUP} queue-threshold 1`;

/** After the rules of all faults. */
const LAST = 10_000;

/**
 * Commands of nft(8) for the rules that give marked packets to the relay. They come last, so a packet that is lost is
 * not taken. The kernel removes the mark when a packet leaves the network namespace (skb_scrub_packet).
 */
export function relayCommands(table: string): string[] {
	const rule = (from: HostName, bits: readonly number[], verb: string, verdict: string) =>
		`add rule ${table} RELAY iifname "${from}-*" meta mark and ${maskOf(bits)} != 0 ` +
		`${logToRelay(`${verb} ${otherHost(from)}`)}${verdict}`;
	return [
		`add table ${table}`,
		`add chain ${table} RELAY { type filter hook prerouting priority ${LAST}; }`,
		...HOST_NAMES.flatMap((from) => [rule(from, BITS.take, 'take', ' drop'), rule(from, BITS.copy, 'copy', '')]),
	];
}

const OBSERVED = { observer: 'relay', host: 'wire' } as const;

/**
 * The relay on the wire: it takes packets that rules have logged and dropped, does what faults say, and sends them on
 * (agent/PROTOCOL.md). Everything that it does is recorded.
 */
export class Relay {
	readonly #context: RelayContext;
	#process!: AgentProcess;
	/** The beginning of a line, the rest of which has not come yet. */
	#partial = '';
	#errors = '';
	readonly #ready = quietResolvers<void>();
	/** Commands without an answer, the oldest first. */
	readonly #asked: { readonly command: string; resolve(t: number): void; reject(error: unknown): void }[] = [];
	readonly #packets = new Map<string, RelayedPacket>();
	/** By the fault, what happened, and the host to which the packets are sent. */
	readonly #counts = new Map<string, number>();
	/** The bits that are in use. */
	readonly #bits = new Set<number>();
	#stopping = false;
	/** Why no command can be carried out any more. */
	#gone: unknown;

	/** Resolves when the relay gets what rules log. `agent` is that of the wire. */
	static async start(agent: Agent, context: RelayContext): Promise<Relay> {
		const relay = new Relay(context);
		relay.#process = await agent.spawnRelay({
			out: (bytes) => relay.#read(bytes.toString('latin1')),
			err: (bytes) => {
				relay.#errors += bytes.toString();
			},
		});
		relay.#process.exited.then(
			(end) => relay.#ended(describeEnd(end)),
			// The agent is gone, which is reported elsewhere.
			(error: unknown) => relay.#fail(error),
		);
		await relay.#ready.promise;
		context.history.started(OBSERVED, context.history.at(context.clock.now()));
		return relay;
	}

	private constructor(context: RelayContext) {
		this.#context = context;
	}

	/** Tells the relay the port to a host, which is undefined while the host is off. */
	async setPort(to: HostName, port: string | undefined): Promise<void> {
		try {
			await this.command('port', to, port ?? '-');
		} catch (error) {
			// Then the loss is recorded, and hosts go on and off without the relay.
			if (!this.#context.history.coverage.openLoss(OBSERVED)) throw error;
		}
	}

	/** Reserves the bit of the mark by which packets are given to a fault. */
	takeBit(does: keyof typeof BITS): number {
		const bit = BITS[does].find((one) => !this.#bits.has(one));
		if (bit === undefined) {
			throw new HalfopenError('ENGINE_REFUSED', {
				problem: 'Too many faults take packets off the wire at the same time.',
				seen: `${BITS[does].length} are in force`,
				remedy: 'Heal some of them first.',
			});
		}
		this.#bits.add(bit);
		return bit;
	}

	freeBit(bit: number): void {
		this.#bits.delete(bit);
	}

	/** Sends a command. Returns when the relay has carried it out, in seconds since the epoch. */
	async command(...words: readonly (string | number)[]): Promise<number> {
		if (this.#gone !== undefined) throw this.#gone;
		const command = words.join(' ');
		const { promise, ...resolvers } = quietResolvers<number>();
		this.#asked.push({ command, ...resolvers });
		await this.#process.write(`${command}\n`);
		return promise;
	}

	/** Resolves when the relay has reported everything that was logged before the call, or a loss is recorded. */
	async flush(begun: number): Promise<void> {
		const { coverage } = this.#context.history;
		if (coverage.openLoss(OBSERVED)) return;
		try {
			await this.command('sync');
			coverage.markComplete(OBSERVED, begun);
		} catch (error) {
			if (!coverage.openLoss(OBSERVED)) throw error;
		}
	}

	/** Stops the relay after it has reported everything. */
	async stop(): Promise<void> {
		this.#stopping = true;
		await this.#process.end();
		await this.#process.drained.catch(() => {});
		this.#context.history.coverage.ended(OBSERVED);
	}

	/** Returns how many packets to a host a fault has, e.g., `held` or `released`. */
	count(fault: string, what: string, to: HostName): number {
		return this.#counts.get(`${fault} ${what} ${to}`) ?? 0;
	}

	#read(text: string): void {
		const lines = `${this.#partial}${text}`.split('\n');
		this.#partial = lines.pop() ?? '';
		for (const line of lines) this.#line(line);
	}

	#line(line: string): void {
		const [time = '', what = '', ...words] = line.split(' ');
		const t = Number(time);
		if (what === 'ready') this.#ready.resolve();
		else if (what === 'done') this.#asked.shift()?.resolve(t);
		else if (what === 'refused') this.#refused(words.join(' '));
		else if (what === 'overflow') this.#overflowed(t);
		else if (what === 'taken' || what === 'injected') this.#got(what, t, words);
		else this.#did(what, t, words);
	}

	/** The relay has a packet: its number, the receiver, its length and its first bytes. */
	#got(what: 'taken' | 'injected', t: number, [number = '', to = '', length = '', hex = '']: readonly string[]): void {
		const packet = readBareIp({ t }, Buffer.from(hex, 'hex'), Number(length));
		const relayed: RelayedPacket = { to: to as HostName, t, packet, passage: undefined };
		this.#packets.set(number, relayed);
		this.#observe(relayed, { kind: what === 'injected' ? 'injected' : 'relayed', changes: [] });
	}

	/** Something has happened to a packet that the relay has. */
	#did(what: string, t: number, [number = '', fault = '', other = '']: readonly string[]): void {
		const relayed = this.#packets.get(number);
		if (!relayed) return;
		const { to, passage } = relayed;
		const overtakenBy = what === 'released' ? Number(other) : 0;
		for (const one of [what, ...(overtakenBy > 0 ? ['overtaken'] : [])]) {
			const key = `${fault} ${one} ${to}`;
			this.#counts.set(key, (this.#counts.get(key) ?? 0) + 1);
		}
		if (what === 'duplicated') this.#duplicated(relayed, t, fault, other);
		else if (what === 'sent' || what === 'dropped') this.#packets.delete(number);
		if (passage) {
			if (what === 'held' || what === 'reordered') passage.changes.push({ by: fault, what: 'held', t });
			else if (what === 'corrupted') passage.changes.push({ by: fault, what, t });
			else if (what === 'released') {
				const change = passage.changes.findLast(({ by, until }) => by === fault && until === undefined);
				if (change) Object.assign(change, { until: t, ...(overtakenBy > 0 && { what: 'reordered', overtakenBy }) });
			} else if (what === 'sent') passage.sent = t;
			else if (what === 'dropped') passage.lostBy = fault;
			else if (what === 'copied' || what === 'answers') passage.by = fault;
			if (what === 'copied') passage.kind = 'copied';
			this.#context.history.passageChanged(passage);
		}
		this.#context.history.notify();
	}

	#duplicated({ to, packet, passage }: RelayedPacket, t: number, by: string, number: string): void {
		const copy: RelayedPacket = { to, t, packet, passage: undefined };
		this.#packets.set(number, copy);
		if (passage) this.#observe(copy, { kind: 'relayed', original: passage, by, changes: [] });
	}

	#observe(relayed: RelayedPacket, passage: Passage): void {
		const { packet, t } = relayed;
		if (packet.kind === 'other') return;
		relayed.passage = passage;
		this.#context.history.observe({ host: 'wire', boot: 1, what: 'relayed', packet: { ...packet, t }, passage });
	}

	#refused(why: string): void {
		const asked = this.#asked.shift();
		asked?.reject(
			new HalfopenError('AGENT_REFUSED', {
				problem: 'The relay on the wire refused a command.',
				seen: `${asked.command}\n${why}`,
				remedy: 'This is an error of halfopen: please report it.',
			}),
		);
	}

	/** What the log has lost was dropped by a rule, and nobody can say which packets these were. */
	#overflowed(t: number): void {
		const { history } = this.#context;
		const since = Math.min(history.coverage.completeUntil(OBSERVED), history.at(t));
		const what = 'the relay could not read the log fast enough: packets that a fault of the wire took are lost';
		history.lose({ ...OBSERVED, what, since, until: history.at(t) });
	}

	#ended(how: string): void {
		const error = new HalfopenError('ENGINE_GONE', {
			problem: `The relay on the wire ${how}.`,
			seen: this.#errors,
			remedy:
				'The wire needs CAP_NET_ADMIN and CAP_NET_RAW in its network namespace, and the kernel nfnetlink_log and ' +
				'af_packet: `modprobe -a nfnetlink_log af_packet`.',
		});
		const { history } = this.#context;
		if (!this.#stopping) {
			const what = `the relay ${how}; its last output: ${this.#errors.trim() || 'none'}`;
			history.lose({ ...OBSERVED, what, since: history.coverage.completeUntil(OBSERVED) });
		}
		this.#fail(error);
	}

	#fail(error: unknown): void {
		this.#gone = error;
		this.#ready.reject(error);
		for (const { reject } of this.#asked.splice(0)) reject(error);
	}
}
