import type { Agent } from '../agent/agent.ts';
import type { LabClock } from '../engines/engine.ts';
import { foreignRules, losesArrivals } from '../formats/iptables.ts';
import type { RecordedPacket } from '../formats/pcap.ts';
import type { HostName } from '../timeline/events.ts';
import type { History } from '../timeline/history.ts';
import type { PacketObservation } from '../timeline/packet-join.ts';
import { Capture, type PacketFile } from './capture.ts';
import { LOG_INTERFACE, readLogEntry, SENTINEL_RULES } from './firewall-log.ts';
import { KERNEL } from './kernel.ts';
import type { Sentinels } from './sentinel.ts';

/** What is told to `foreignRules`. */
const SHOW_RULES = `exec 2>&-
iptables-save
while read -r table; do echo "legacy $table"; done </proc/net/ip_tables_names
command -v nft >&- && nft list tables`;

/** What the probe needs of its lab. */
export interface SegmentContext {
	readonly history: History;
	readonly sentinels: Sentinels;
	readonly clock: LabClock;
	readonly traced: boolean;
	/** In bytes: a longer packet on the wire is several segments in one, and what became of each is not known. */
	readonly longestSegment: () => number;
}

type PacketObserver = 'capture' | 'firewall';

/** One of the two tcpdumps of a boot. */
interface RunningCapture {
	readonly capture: Capture;
	/** When it has last told something, in seconds of the history. */
	latest: number;
	/** What it is known to have missed. */
	missed?: string | undefined;
}

/**
 * The two observers of a boot's packets: the capture, and the firewall's log, which is read from the first packet fault
 * on.
 */
export class SegmentProbe {
	readonly #machine: Agent;
	readonly #host: HostName;
	readonly #boot: number;
	readonly #packets: PacketFile;
	readonly #context: SegmentContext;
	readonly #running = new Map<PacketObserver, RunningCapture>();
	#log: Promise<void> | undefined;
	/** When all rules were last seen to be the lab's own, in seconds of the history. */
	#ownRulesAt = 0;
	/** Rules that were there before any spec could make some: Docker has its resolver at 127.0.0.11 answer by NAT. */
	#engineRules: ReadonlySet<string> | undefined;
	/** Rules about what leaves that have been named. */
	readonly #reportedRules = new Set<string>();
	/** Rules of others that were there at the last look. */
	#foreignRules: readonly string[] = [];

	static async start(
		machine: Agent,
		host: HostName,
		boot: number,
		packets: PacketFile,
		context: SegmentContext,
	): Promise<SegmentProbe> {
		const probe = new SegmentProbe(machine, host, boot, packets, context);
		await probe.#start('capture', 'any', 'tcp or icmp or arp', (packet) => probe.#captured(packet));
		return probe;
	}

	private constructor(machine: Agent, host: HostName, boot: number, packets: PacketFile, context: SegmentContext) {
		this.#machine = machine;
		this.#host = host;
		this.#boot = boot;
		this.#packets = packets;
		this.#context = context;
	}

	/** The name under which sentinels know an observer of this boot. */
	nameOf(observer: PacketObserver): string {
		return `${this.#host} ${observer} ${this.#boot}`;
	}

	/** Starts to read the firewall's log, once; `insert` puts rules in, for which iptables-restore has these lines. */
	startFirewallLog(insert: (rules: readonly string[]) => Promise<unknown>): Promise<void> {
		const mark = async () => void (await insert(SENTINEL_RULES));
		this.#log ??= this.#start('firewall', LOG_INTERFACE, '', (packet) => this.#logged(packet), mark);
		return this.#log;
	}

	/**
	 * Resolves when capture, firewall's log and kernel's trace have told all that happened on this host before the call,
	 * or are known to have lost something. `begun`: a time of the host since the call, in seconds of the history.
	 */
	async flush(begun: number): Promise<void> {
		const { history, sentinels, clock, traced } = this.#context;
		const asked = [...this.#running];
		const looked = this.#checkRules(begun);
		const isHopeless = () => this.#foreignRules.length > 0;
		const missing = await sentinels.catchUp(
			this.#machine,
			[...asked.map(([name]) => this.nameOf(name)), ...(traced ? [KERNEL] : [])],
			isHopeless,
		);
		await looked;
		if (missing.includes(KERNEL)) this.#fellBehind(KERNEL);
		else if (traced) history.coverage.markComplete({ observer: KERNEL, host: this.#host }, begun);
		await Promise.all(
			asked.map(async ([name, running]) => {
				if (missing.includes(this.nameOf(name)) || !(await running.capture.count(clock))) this.#fellBehind(name);
				else this.#complete(name, running, begun);
			}),
		);
	}

	/** Ends both in good order. */
	async stop(): Promise<void> {
		await this.#log?.catch(() => {});
		const now = this.#context.history.at(this.#context.clock.now());
		for (const [name, running] of this.#running) {
			await running.capture.stop();
			this.#complete(name, running, now);
			this.#context.history.coverage.ended({ observer: name, host: this.#host });
		}
	}

	async #start(
		name: PacketObserver,
		source: string,
		filter: string,
		packet: (packet: RecordedPacket) => void,
		ready = async () => {},
	): Promise<void> {
		const { history, clock } = this.#context;
		const capture = await Capture.start(this.#machine, source, filter, {
			packet,
			ended: (how) => this.#lose(name, how),
		});
		const now = history.at(clock.now());
		history.started({ observer: name, host: this.#host }, now);
		await ready();
		// From here on it shows sentinels.
		this.#running.set(name, { capture, latest: now });
	}

	/** A rule that is not the lab's own drops behind the capture, and no log tells of it. */
	async #checkRules(begun: number): Promise<void> {
		const { history } = this.#context;
		const observed = { observer: 'rules', host: this.#host } as const;
		// A kernel that has no tables for iptables has no rules either.
		const { out } = await this.#machine.run(['sh', '-c', SHOW_RULES]);
		const rules = foreignRules(out);
		this.#engineRules ??= new Set(rules);
		this.#foreignRules = rules.filter((rule) => !this.#engineRules?.has(rule));
		const losing = this.#foreignRules.filter(losesArrivals);
		const isLost = history.coverage.openLoss(observed) !== undefined;
		if (losing.length === 0) {
			this.#ownRulesAt = begun;
			if (isLost) history.recover(observed, begun);
		} else if (!isLost) {
			const what = `rules that are not the lab’s may lose packets, and no log tells of that: ${losing.join(' | ')}`;
			history.lose({ ...observed, what, since: this.#ownRulesAt });
		}
		this.#reportOutgoing(this.#foreignRules.filter((rule) => !losesArrivals(rule)));
	}

	/** What a rule drops as it leaves, no capture sees, and nothing is told of it but that there is such a rule. */
	#reportOutgoing(rules: readonly string[]): void {
		const fresh = rules.filter((rule) => !this.#reportedRules.has(rule));
		for (const rule of fresh) this.#reportedRules.add(rule);
		if (fresh.length === 0) return;
		const why = 'rules that are not the lab’s may keep packets from leaving, and no capture sees these';
		const what = `${why}: ${fresh.join(' | ')}`;
		this.#context.history.lose({ observer: 'rules', host: this.#host, what });
	}

	/** An observer has told all up to `t`, but what tcpdump itself says that it has missed since it was last asked. */
	#complete(name: PacketObserver, running: RunningCapture, t: number): void {
		const observed = { observer: name, host: this.#host } as const;
		const { history } = this.#context;
		const since = history.coverage.completeUntil(observed);
		const { missed } = running.capture;
		if (missed !== running.missed) history.lose({ ...observed, what: missed ?? '', since, until: t });
		running.missed = missed;
		history.coverage.markComplete(observed, t);
	}

	#captured(packet: RecordedPacket): void {
		this.#noteTime('capture', packet.t);
		if (this.#isSentinel('capture', packet)) return;
		if (isLongerThan(this.#context.longestSegment(), packet)) this.#sawMerged(packet);
		if (packet.kind !== 'other' && packet.direction)
			this.#observe({ what: packet.direction === 'out' ? 'left' : 'arrived', packet });
		this.#packets.add(packet.record);
	}

	#sawMerged({ t, record: { originalLength } }: RecordedPacket): void {
		const { history, longestSegment } = this.#context;
		const observed = { observer: 'capture', host: this.#host } as const;
		if (history.coverage.openLoss(observed)) return;
		const bytes = originalLength - COOKED_HEADER;
		const why = 'an offload was switched on, here or on the wire, or the MTU was raised';
		const what = `saw a packet of ${bytes} bytes, where the MTU is ${longestSegment()}: ${why}`;
		history.lose({ ...observed, what, since: history.at(t) });
	}

	#logged(packet: RecordedPacket): void {
		this.#noteTime('firewall', packet.t);
		this.#isSentinel('firewall', packet);
		const dropped = readLogEntry(packet);
		if (dropped) this.#observe(dropped);
	}

	#isSentinel(name: PacketObserver, packet: RecordedPacket): boolean {
		const { sentinels, history } = this.#context;
		const seen = addressesOf(packet).map((address) => sentinels.saw(this.nameOf(name), address, packet.t));
		if (!seen.includes(true)) return false;
		const observed = { observer: name, host: this.#host } as const;
		if (history.coverage.openLoss(observed)) history.recover(observed, history.at(packet.t));
		return true;
	}

	#noteTime(name: PacketObserver, t: number): void {
		const running = this.#running.get(name);
		if (running) running.latest = this.#context.history.at(t);
	}

	#observe(observation: Pick<PacketObservation, 'what' | 'packet' | 'by' | 'rejected'>): void {
		this.#context.history.observe({ host: this.#host, boot: this.#boot, ...observation });
	}

	/** It has ended: what came behind the last thing that it told, nobody has seen. */
	#lose(name: PacketObserver, how: string): void {
		const { history } = this.#context;
		const observed = { observer: name, host: this.#host } as const;
		const since = (this.#running.get(name)?.latest ?? history.coverage.completeUntil(observed)) + A_MICROSECOND;
		history.lose({ ...observed, what: how, since });
		this.#context.sentinels.giveUp(this.nameOf(name));
	}

	#fellBehind(name: PacketObserver | typeof KERNEL): void {
		const observed = { observer: name, host: this.#host } as const;
		const { history, sentinels } = this.#context;
		if (history.coverage.openLoss(observed)) return;
		const hit =
			this.#foreignRules.length > 0
				? `; these rules of the host’s firewall may have dropped it: ${this.#foreignRules.join(' | ')}`
				: '';
		const what = `fell behind: it did not show a sentinel within its limit${hit}`;
		history.lose({ ...observed, what, since: history.coverage.completeUntil(observed) });
		sentinels.giveUp(name === KERNEL ? KERNEL : this.nameOf(name));
	}
}

/** Before each packet of `-i any` (LINKTYPE_LINUX_SLL2), in bytes. */
const COOKED_HEADER = 20;

const isLongerThan = (most: number, packet: RecordedPacket) =>
	packet.kind === 'segment' && !packet.loopback && packet.record.originalLength - COOKED_HEADER > most;

/** Between which addresses a packet goes, and of an error of ICMP the packet that it quotes. */
function addressesOf(packet: RecordedPacket): string[] {
	if (packet.kind === 'segment') return [packet.from.address, packet.to.address];
	return packet.kind === 'icmp' && packet.quotes ? [packet.quotes.from.address, packet.quotes.to.address] : [];
}

/** The history's times are whole microseconds. */
const A_MICROSECOND = 0.000_001;
