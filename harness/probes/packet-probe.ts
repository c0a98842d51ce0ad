import type { Agent } from '../agent/agent.ts';
import type { LabClock } from '../engines/engine.ts';
import { foreignRules, losesArrivals } from '../formats/iptables.ts';
import type { RecordedPacket } from '../formats/pcap.ts';
import type { IpVersion } from '../lab/family.ts';
import { IPTABLES } from '../lab/iptables.ts';
import type { MachineName, NodeName } from '../timeline/events.ts';
import type { History } from '../timeline/history.ts';
import type { PacketObservation } from '../timeline/packet-join.ts';
import { Capture, type PacketFile } from './capture.ts';
import { LOG_INTERFACE, readLogEntry, SENTINEL_RULES } from './firewall-log.ts';
import { KERNEL } from './kernel.ts';
import type { Sentinels } from './sentinel.ts';

/** Prints the input of `foreignRules`, for the programs in its arguments. */
const SHOW_RULES = `exec 2>&-
for program; do
	echo "program $program"
	$program-save
	names=/proc/net/ip_tables_names
	[ $program = iptables ] || names=/proc/net/ip6_tables_names
	while read -r table; do echo "legacy $table"; done <$names
done
command -v nft >&- && nft list tables`;

/** What the log of a firewall needs from its lab. */
export interface FirewallContext {
	readonly history: History;
	readonly sentinels: Sentinels;
	readonly clock: LabClock;
}

/** What the probe needs from its lab. */
export interface PacketContext extends FirewallContext {
	readonly traced: boolean;
	/** The versions of IP that the hosts have. */
	readonly ipVersions: readonly IpVersion[];
	/**
	 * Returns the MTU in bytes. A longer packet in a capture consists of several segments, whose fates are not known one
	 * by one.
	 */
	readonly longestSegment: () => number;
}

type PacketObserver = 'capture' | 'firewall';

/** One of the two tcpdumps of a boot. */
interface RunningCapture {
	readonly capture: Capture;
	/** The time of its latest packet, in seconds of the history. */
	latest: number;
	/** What it has missed, as far as that is already recorded as a loss. */
	missed?: string | undefined;
}

/**
 * The two packet observers of a boot: the capture, and the firewall's log, which starts with the first packet fault.
 */
export class PacketProbe {
	readonly #machine: Agent;
	readonly #host: MachineName;
	readonly #boot: number;
	readonly #packets: PacketFile | undefined;
	readonly #context: PacketContext;
	readonly #running = new Map<PacketObserver, RunningCapture>();
	#log: Promise<void> | undefined;
	/** When a check last found only the lab's own rules, in seconds of the history. */
	#ownRulesAt = 0;
	/** Foreign rules about leaving packets that are already recorded as losses. */
	readonly #reportedRules = new Set<string>();
	/** The foreign rules that the last check found. */
	#foreignRules: readonly string[] = [];

	static async start(
		machine: Agent,
		host: NodeName,
		boot: number,
		packets: PacketFile,
		context: PacketContext,
	): Promise<PacketProbe> {
		const probe = new PacketProbe(machine, host, boot, packets, context);
		await probe.#start('capture', 'any', 'tcp or icmp or icmp6 or arp', (packet) => probe.#captured(packet));
		return probe;
	}

	/** A probe for the wire: it has no capture, and its log starts with the first fault of the wire. */
	static onWire(agent: Agent, context: FirewallContext): PacketProbe {
		const ofWire = { ...context, traced: false, ipVersions: [], longestSegment: () => Number.POSITIVE_INFINITY };
		return new PacketProbe(agent, 'wire', 1, undefined, ofWire);
	}

	private constructor(
		machine: Agent,
		host: MachineName,
		boot: number,
		packets: PacketFile | undefined,
		context: PacketContext,
	) {
		this.#machine = machine;
		this.#host = host;
		this.#boot = boot;
		this.#packets = packets;
		this.#context = context;
	}

	/** Returns the name of an observer of this boot, for sentinels. */
	nameOf(observer: PacketObserver): string {
		return `${this.#host} ${observer} ${this.#boot}`;
	}

	/**
	 * Starts to read the firewall's log; repeated calls return the same promise. `insert` adds lines of iptables-restore.
	 */
	startFirewallLog(insert: (rules: readonly string[]) => Promise<unknown>): Promise<void> {
		const mark = async () => void (await insert(SENTINEL_RULES));
		this.#log ??= this.#start('firewall', LOG_INTERFACE, '', (packet) => this.#logged(packet), mark);
		return this.#log;
	}

	/**
	 * Resolves when the capture, the firewall's log and the kernel's trace have reported everything that happened on this
	 * host before the call, or a loss is recorded. `begun`: a time after the call, in seconds of the history.
	 */
	async flush(begun: number): Promise<void> {
		const { history, sentinels, clock, traced } = this.#context;
		const observers = [...this.#running];
		// The wire and the router have rules of the lab in tables of nft.
		const isHost = this.#host === 'client' || this.#host === 'server';
		const rulesChecked = isHost ? this.#checkRules(begun) : undefined;
		const isHopeless = () => this.#foreignRules.length > 0;
		const missing = await sentinels.catchUp(
			this.#machine,
			[...observers.map(([name]) => this.nameOf(name)), ...(traced ? [KERNEL] : [])],
			isHopeless,
		);
		await rulesChecked;
		if (missing.includes(KERNEL)) this.#fellBehind(KERNEL);
		else if (traced) history.coverage.markComplete({ observer: KERNEL, host: this.#host }, begun);
		await Promise.all(
			observers.map(async ([name, running]) => {
				if (missing.includes(this.nameOf(name)) || !(await running.capture.count(clock))) this.#fellBehind(name);
				else this.#complete(name, running, begun);
			}),
		);
	}

	/** Stops both observers after they have reported everything. */
	async stop(): Promise<void> {
		await this.#log?.catch(() => {});
		const now = this.#context.history.at(this.#context.clock.now());
		for (const [name, running] of this.#running) {
			await running.capture.stop(name === 'firewall' ? () => this.#context.sentinels.pass(this.#machine) : undefined);
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
		// From here on it reports sentinels.
		this.#running.set(name, { capture, latest: now });
	}

	/** Checks for foreign rules: what they drop after the capture is in no log. */
	async #checkRules(begun: number): Promise<void> {
		const { history } = this.#context;
		const observed = { observer: 'rules', host: this.#host } as const;
		// Rules of iptables count in any case: they may drop sentinels.
		const programs = new Set(['iptables', ...this.#context.ipVersions.map((version) => IPTABLES[version])]);
		// The command's status is ignored: it fails on a kernel without tables for iptables, which has no rules.
		const { out } = await this.#machine.run(['sh', '-c', SHOW_RULES, 'rules', ...programs]);
		this.#foreignRules = foreignRules(out);
		const losing = this.#foreignRules.filter(losesArrivals);
		const isLost = history.coverage.openLoss(observed) !== undefined;
		if (losing.length === 0) {
			this.#ownRulesAt = begun;
			if (isLost) history.recover(observed, begun);
		} else if (!isLost) {
			const what = `rules that are not the lab’s may lose packets, which no log shows: ${losing.join(' | ')}`;
			history.lose({ ...observed, what, since: this.#ownRulesAt });
		}
		this.#reportOutgoing(this.#foreignRules.filter((rule) => !losesArrivals(rule)));
	}

	/** Records new foreign rules about leaving packets as a loss. No capture sees what such a rule drops. */
	#reportOutgoing(rules: readonly string[]): void {
		const newRules = rules.filter((rule) => !this.#reportedRules.has(rule));
		for (const rule of newRules) this.#reportedRules.add(rule);
		if (newRules.length === 0) return;
		const why = 'rules that are not the lab’s may keep packets from leaving, and no capture sees these';
		const what = `${why}: ${newRules.join(' | ')}`;
		this.#context.history.lose({ observer: 'rules', host: this.#host, what });
	}

	/**
	 * Records that an observer has reported everything up to `t`, except what tcpdump says it has missed since the last
	 * flush.
	 */
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
		this.#packets?.add(packet.record);
	}

	#sawMerged({ t, record: { originalLength } }: RecordedPacket): void {
		const { history, longestSegment } = this.#context;
		const observed = { observer: 'capture', host: this.#host } as const;
		if (history.coverage.openLoss(observed)) return;
		const bytes = originalLength - COOKED_HEADER;
		const why = 'an offload was switched on, here or on the wire, or the MTU was raised';
		const what = `captured a packet of ${bytes} bytes, although the MTU is ${longestSegment()}: ${why}`;
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

	/** Records that an observer has ended: everything after its latest packet is unknown. */
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
		const suspects =
			this.#foreignRules.length > 0
				? `; these rules of the host’s firewall may have dropped it: ${this.#foreignRules.join(' | ')}`
				: '';
		const what = `fell behind: it reported no sentinel within the limit${suspects}`;
		history.lose({ ...observed, what, since: history.coverage.completeUntil(observed) });
		sentinels.giveUp(name === KERNEL ? KERNEL : this.nameOf(name));
	}
}

/** The length of the header before each packet of `-i any` (LINKTYPE_LINUX_SLL2), in bytes. */
const COOKED_HEADER = 20;

const isLongerThan = (most: number, packet: RecordedPacket) =>
	packet.kind === 'segment' && !packet.loopback && packet.record.originalLength - COOKED_HEADER > most;

/** Returns the addresses of a segment, or of the packet that an ICMP message quotes. */
function addressesOf(packet: RecordedPacket): string[] {
	if (packet.kind === 'segment') return [packet.from.address, packet.to.address];
	return packet.kind === 'icmp' && packet.quotes ? [packet.quotes.from.address, packet.quotes.to.address] : [];
}

/** The smallest difference of two times in the history, in seconds. */
const A_MICROSECOND = 0.000_001;
