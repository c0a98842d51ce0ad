import { type Agent, type AgentProcess, describeEnd } from '../agent/agent.ts';
import { HalfopenError } from '../errors.ts';
import {
	type ConntrackChange,
	type ConntrackEntry,
	parseConntrackChange,
	parseConntrackEntry,
} from '../formats/conntrack.ts';
import type { EventOf } from '../timeline/events.ts';
import type { FirewallContext, PacketContext } from './packet-probe.ts';

const OBSERVED = { observer: 'conntrack', host: 'router' } as const;
/** The name of the observer, for sentinels. */
const NAME = 'router conntrack 1';

/**
 * Waits until a program listens to events of netfilter: its socket is in a multicast group then (/proc/net/netlink, 12
 * is NETLINK_NETFILTER).
 */
const UNTIL_LISTENING = `for look in {1..4000}; do
	while read -r _ protocol _ groups _; do
		[ "$protocol" != 12 ] || [ $((16#$groups)) = 0 ] || exit 0
	done </proc/net/netlink
	sleep 0.005
done; exit 1`;

/** What conntrack(8) prints when its socket overflows (ENOBUFS). */
const OVERRUN = /ENOBUFS/;

type ConntrackContext = FirewallContext & Pick<PacketContext, 'ipVersions'>;

/** A dump of the table. */
export interface ConntrackSample {
	/** When it had been read: what is missing was forgotten before. In seconds since the epoch. */
	readonly t: number;
	readonly entries: readonly ConntrackEntry[];
}

/**
 * Observes the connection tracking of a router: each change of an entry as the kernel reports it, and the table when
 * asked. Sentinels are tracked like all connections, so they show that the observer is complete.
 */
export class ConntrackProbe {
	readonly #agent: Agent;
	readonly #context: ConntrackContext;
	#process!: AgentProcess;
	#text = '';
	#stopping = false;
	#latest = 0;

	/** Resolves when it is listening. Rejects with TOOL_MISSING if there is no conntrack(8). */
	static async start(agent: Agent, context: ConntrackContext): Promise<ConntrackProbe> {
		const probe = new ConntrackProbe(agent, context);
		await probe.#start();
		return probe;
	}

	private constructor(agent: Agent, context: ConntrackContext) {
		this.#agent = agent;
		this.#context = context;
	}

	async #start(): Promise<void> {
		const { history, clock, sentinels } = this.#context;
		let remarks = '';
		this.#process = await this.#agent.spawn(['conntrack', '-E', '-p', 'tcp', '-o', 'timestamp,id'], {
			out: (bytes) => this.#read(bytes),
			err: (bytes) => {
				remarks = `${remarks}${bytes}`.slice(-1_000);
				if (OVERRUN.test(`${bytes}`)) this.#lose('the kernel reported more changes than it could read');
			},
		});
		const listening = this.#agent.run(['bash', '-c', UNTIL_LISTENING]).then(({ status }) => status === 0);
		const ended = this.#process.exited.then(() => false);
		if (!(await Promise.race([listening, ended]))) {
			throw new HalfopenError('KERNEL_FEATURE_MISSING', {
				problem: 'The connection tracking of the router cannot be observed.',
				seen: remarks,
				remedy:
					'The kernel needs nf_conntrack and nf_conntrack_netlink (CONFIG_NF_CT_NETLINK): `modprobe -a nf_conntrack ' +
					'nf_conntrack_netlink` on the engine’s machine.',
			});
		}
		this.#latest = history.at(clock.now());
		history.started(OBSERVED, this.#latest);
		this.#process.exited.then(
			(end) => {
				if (!this.#stopping) this.#lose(`conntrack ${describeEnd(end)}; its last output: ${remarks.trim() || 'none'}`);
				sentinels.giveUp(NAME);
			},
			// The agent is gone, which is reported elsewhere.
			() => {},
		);
	}

	/** Resolves when it has reported everything that happened before the call, or a loss is recorded. */
	async flush(): Promise<void> {
		const { history, sentinels } = this.#context;
		const begun = history.at(await this.#agent.now());
		const missing = await sentinels.catchUp(this.#agent, [NAME]);
		if (missing.length === 0) history.markComplete(OBSERVED, begun);
		else if (!history.coverage.openLoss(OBSERVED)) this.#lose('fell behind: it reported no sentinel within the limit');
	}

	/** Stops after it has reported everything. */
	async stop(): Promise<void> {
		await this.flush();
		this.#stopping = true;
		await this.#process.signal('SIGTERM').catch(() => {});
		await this.#process.drained;
		this.#context.history.coverage.ended(OBSERVED);
	}

	/** Returns the table as it is now, without sentinels. */
	async sample(): Promise<ConntrackSample> {
		const entries: ConntrackEntry[] = [];
		for (const family of this.#context.ipVersions) {
			const { status, out, err } = await this.#agent.run(['conntrack', '-L', '-f', family, '-p', 'tcp', '-o', 'id']);
			if (status !== 0) {
				throw new HalfopenError('ENGINE_REFUSED', {
					problem: 'The connection tracking table of the router cannot be read.',
					seen: err,
					remedy: 'Find out what conntrack(8) reports. The router needs CAP_NET_ADMIN in its network namespace.',
				});
			}
			entries.push(...out.split('\n').flatMap((line) => parseConntrackEntry(line) ?? []));
		}
		return { t: await this.#agent.now(), entries: entries.filter((entry) => !isSentinel(entry)) };
	}

	#read(bytes: Buffer): void {
		const lines = `${this.#text}${bytes}`.split('\n');
		this.#text = lines.pop() ?? '';
		for (const line of lines) {
			const change = parseConntrackChange(line);
			if (change) this.#changed(change);
			else if (line.includes('[')) this.#lose(`could not read: ${line}`);
		}
	}

	#changed(change: ConntrackChange): void {
		const { history, sentinels } = this.#context;
		const { t, what, entry } = change;
		this.#latest = history.at(t);
		if (isSentinel(entry)) {
			const isAwaited = sentinels.saw(NAME, entry.original.to.address, t);
			if (isAwaited && history.coverage.openLoss(OBSERVED)) history.recover(OBSERVED, this.#latest);
			return;
		}
		const { original, reply } = entry;
		if (what === 'destroyed') history.endTranslation({ original, reply }, t);
		else history.translate({ since: t, original, reply });
		history.add(eventOf(change, this.#latest));
	}

	#lose(what: string): void {
		const { history } = this.#context;
		if (!history.coverage.openLoss(OBSERVED)) history.lose({ ...OBSERVED, what, since: this.#latest });
	}
}

/** Sentinels are connections to the loopback network, which the router tracks, too. */
const isSentinel = ({ original }: ConntrackEntry) => original.to.address.startsWith('127.');

function eventOf({ what, entry, by }: ConntrackChange, t: number): EventOf<'conntrack'> {
	return { kind: 'conntrack', t, host: 'router', what, ...entry, ...(by !== undefined && { by }) };
}
