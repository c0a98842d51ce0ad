import { nft, nftCount } from '../lab/nft.ts';
import type { Wire } from '../lab/wire.ts';
import { logOnWire } from '../probes/firewall-log.ts';
import { HOST_NAMES, type HostName, type MachineName, otherHost } from '../timeline/events.ts';
import { runAll } from './fault.ts';
import type { NftMatch } from './nft-match.ts';

/** A rule of a fault. */
export interface DropRule {
	/** Which packets it concerns, as expressions of nft(8), and what else it does. */
	readonly expression: string;
	/** Whether they pass, and no later rule of the fault sees them. By default they are lost. */
	readonly passes?: boolean;
}

/** What a fault loses. */
export interface Losing {
	readonly rules: readonly DropRule[];
	/** The sets that the rules need. */
	readonly sets: NftMatch['sets'];
	/** A statement of nft(8) for what a host has sent and is lost, besides the log. */
	readonly also?: (sender: HostName) => string;
}

/** Loses what matches, by default everything. */
export const losing = ({ expression, sets }: NftMatch = { expression: '', sets: [] }): Losing => ({
	rules: [{ expression }],
	sets,
});
/** The connection tracking of a router has priority -200 (NF_IP_PRI_CONNTRACK). What is lost before that, it never sees. */
const BEFORE_CONNTRACK = -1_000;

/** The packets that a fault of the wire has lost. */
export interface LostOnWire {
	/** By the host to which they were sent. */
	readonly lost: ReadonlyMap<HostName, number>;
	/** When the last of its rules was removed, in seconds since the epoch. */
	readonly t: number;
}

/**
 * Rules that log and drop packets on the wire, for one fault. Rules of later faults come first.
 *
 * Each fault has a base chain of its own, so it can be removed without regard to others. Its hook is the first one
 * (prerouting). The rules match the ports of all boots of a host by a pattern, so they also apply after a
 * reboot.
 */
export class WireDropRules {
	/** The name of the fault. */
	readonly id: string;
	readonly #wire: Wire;
	readonly #from: readonly HostName[];
	readonly #losing: Losing;
	/** Whether the rules are, or may be, in force. */
	#inForce = false;

	/**
	 * @param from the hosts whose packets are lost
	 * @param what which of their packets, by default all
	 */
	constructor(wire: Wire, id: string, from: readonly HostName[], what = losing()) {
		this.id = id;
		this.#wire = wire;
		this.#from = from;
		this.#losing = what;
	}

	/** The machine on which they are, by its name in the timeline. */
	get at(): MachineName {
		return this.#wire.name;
	}

	/** Inserts the rules, all or none. Returns when they were in force, in seconds since the epoch. */
	async insert(): Promise<number> {
		await this.#wire.startFirewallLog();
		const { id } = this;
		const table = this.#table;
		const agent = await this.#wire.agent;
		this.#inForce = true;
		const inserting = nft(agent, [
			`add table ${table}`,
			`add chain ${table} ${id} { type filter hook prerouting priority ${BEFORE_CONNTRACK - this.#wire.takePriority()}; }`,
			...this.#losing.sets.map(({ name, definition }) => `add set ${table} ${name} ${definition}`),
			...this.#from.flatMap((host) => [
				`add counter ${table} ${this.#counterOf(host)}`,
				...this.#losing.rules.map(
					({ expression, passes }) =>
						`add rule ${table} ${id} iifname "${host}-*" ${expression} ${passes ? 'accept' : this.#drop(host)}`,
				),
			]),
		]);
		inserting.catch(() => {
			this.#inForce = false;
		});
		return inserting;
	}

	#drop(host: HostName): string {
		const also = this.#losing.also?.(host) ?? '';
		return `counter name "${this.#counterOf(host)}" ${also} ${logOnWire(this.id)} drop`;
	}

	/** Removes the rules. Returns what they have lost; undefined if they were never in force. */
	async remove(): Promise<LostOnWire | undefined> {
		if (!this.#inForce) return undefined;
		const lost = new Map<HostName, number>();
		const table = this.#table;
		const agent = await this.#wire.agent;
		let t = 0;
		await runAll(
			// The counters stay until they have been read, so that every lost packet is counted.
			async () => {
				t = await nft(agent, [`flush chain ${table} ${this.id}`, `delete chain ${table} ${this.id}`]);
				this.#inForce = false;
			},
			async () => {
				for (const to of HOST_NAMES) {
					const from = otherHost(to);
					if (this.#from.includes(from)) lost.set(to, await nftCount(agent, table, this.#counterOf(from)));
				}
			},
			() =>
				nft(agent, [
					...this.#from.map((host) => `delete counter ${table} ${this.#counterOf(host)}`),
					...this.#losing.sets.map(({ name }) => `delete set ${table} ${name}`),
				]),
		);
		return { lost, t };
	}

	/** A router has no bridge: its rules see the packets that it routes, but no ARP. */
	get #table(): string {
		return `${this.#wire.isRouter ? 'inet' : 'bridge'} halfopen`;
	}

	#counterOf(host: HostName): string {
		return `${this.id}-${host}`;
	}
}

/** Returns the hosts whose packets a fault concerns: one, or both. */
export const sendersOf = (from: HostName | undefined): readonly HostName[] => (from ? [from] : HOST_NAMES);
