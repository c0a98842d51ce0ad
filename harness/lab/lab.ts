import assert from 'node:assert/strict';
import type { Readable } from 'node:stream';
import type { Agent } from '../agent/agent.ts';
import { quietResolvers } from '../agent/promises.ts';
import type { Engine, EngineLab } from '../engines/engine.ts';
import { HalfopenError } from '../errors.ts';
import { assertSysctls, type Sysctls } from '../faults/sysctl.ts';
import { Boots } from '../probes/boots.ts';
import { KERNEL, KernelProbe } from '../probes/kernel.ts';
import { Sentinels } from '../probes/sentinel.ts';
import { type Addresses, History } from '../timeline/history.ts';
import type { Family } from '../timeline/timeline-file.ts';
import { type LabContext, Names, SpecActions } from './context.ts';
import { networkEnd, versionsIn } from './family.ts';
import { Host } from './host.ts';
import type { HostSettings } from './host-power.ts';
import { clocksOf, factsOf, hostsOf, type LabFacts, withSysctls } from './lab-facts.ts';
import { Link } from './link.ts';
import { OpenWaits } from './open-waits.ts';
import { Router, routeIn } from './router.ts';
import { Timeline } from './timeline-queries.ts';
import { Wire } from './wire.ts';

/**
 * Written on every host, so that runs are comparable: the default congestion control differs between machines, and bbr
 * paces retransmissions in its own way.
 */
const BASELINE: Sysctls = { tcp_congestion_control: 'reno' };

/** After this many flushes, packets that were in transit at the start have been seen. Later packets do not matter. */
const MOST_ROUNDS = 3;

/** The settings of a lab that a scenario can change. */
export interface LabSettings {
	/** Sysctls below net.ipv4, written on both hosts at every boot. */
	readonly sysctls?: Sysctls | undefined;
	/**
	 * Whether segmentation offload is on, as kernels have it by default. Captures then contain packets of several
	 * segments, which no wire carries. By default it is off on both hosts, loopback included.
	 */
	readonly offloads?: boolean | undefined;
	/**
	 * What is between the hosts. By default it is a bridge. `router`: a router with a stack, a firewall and a capture of
	 * its own; the hosts are in two subnets then.
	 */
	readonly between?: 'router' | undefined;
}

/** A lab with a router. */
export type RoutedLab = Lab & { readonly router: Router };

/** Two hosts, the wire or the router between them, a clock and a history. */
export class Lab {
	readonly client: Host;
	readonly server: Host;
	readonly link: Link;
	/** Internal: `link` is for specs. */
	readonly wire: Wire;
	readonly timeline: Timeline;
	readonly #context: LabContext;
	readonly #engineLab: EngineLab;
	readonly #kernel: KernelProbe | undefined;
	readonly #family: Family;
	readonly #routerBoots = new Boots();
	#router: Router | undefined;
	readonly #heals: (() => Promise<void>)[] = [];
	readonly #lost = quietResolvers<never>();
	readonly #ended = new AbortController();
	#facts: Omit<LabFacts, 'clocks'> | undefined;

	/**
	 * Creates a lab. Resolves when both hosts' agents answer, and captures and trace have shown that they record. Throws
	 * SYSCTL_UNKNOWN before anything starts.
	 */
	static create(
		engine: Engine,
		settings: LabSettings & { readonly between: 'router' },
		waits?: OpenWaits,
	): Promise<RoutedLab>;
	static create(engine: Engine, settings?: LabSettings, waits?: OpenWaits): Promise<Lab>;
	static async create(
		engine: Engine,
		{ sysctls = {}, offloads = false, between }: LabSettings = {},
		waits = new OpenWaits(),
	): Promise<Lab> {
		assertSysctls(sysctls, engine.sysctls);
		const engineLab = await engine.createLab();
		const trace = await openTrace(engineLab).catch(async (error: unknown) => {
			await engineLab.destroy().catch(() => {});
			throw error;
		});
		const lab = new Lab(engine, engineLab, trace, waits);
		try {
			await lab.#setUp(engine, trace, { sysctls, offloads: offloads ? 'on' : 'off' }, between);
			return lab;
		} catch (error) {
			// The first error is the cause. The sweep at the end of the run removes what cannot be removed now.
			await lab.destroy().catch(() => {});
			throw error;
		}
	}

	private constructor(engine: Engine, engineLab: EngineLab, trace: Trace, waits: OpenWaits) {
		const { clock, hosts, subnet } = engineLab;
		const { family } = engine;
		this.#family = family;
		const [client, server] = [networkEnd(family, subnet.client), networkEnd(family, subnet.server)];
		this.#engineLab = engineLab;
		this.#context = {
			// Times count from the epoch until the lab is ready; then `begin` discards the events so far.
			history: new History(0, { client: client.addresses, server: server.addresses }),
			clock,
			virtualTime: engine.virtualTime,
			programRemedy: engine.programRemedy,
			sentinels: new Sentinels(clock, subnet.client.address),
			names: new Names(),
			ipVersions: versionsIn(family),
			sysctls: engine.sysctls,
			traced: trace.stream !== undefined,
			pending: new Set(),
			actions: new SpecActions(),
			waits,
			flush: () => this.flush(),
			onAgentLost: (error) => this.#lost.reject(error),
			endSignal: this.#ended.signal,
			onEnd: (heal) => this.#heals.push(heal),
		};
		this.wire = new Wire(engineLab.wire, this.#context);
		const [near, far] = [
			{ name: 'client', ...client, peer: server },
			{ name: 'server', ...server, peer: client },
		] as const;
		this.client = new Host(hosts.client, this.wire, near, BASELINE, this.#context, () => this.server);
		this.server = new Host(hosts.server, this.wire, far, BASELINE, this.#context, () => this.client);
		this.#watchWire();
		this.timeline = new Timeline(this.#context, () => this.facts.kernel.sysctls);
		// In a lab with a router, this is an address of the router's.
		const middle = networkEnd(family, subnet.routed.router.client);
		this.link = new Link(this.wire, { client: this.client, server: this.server }, this.#context, middle);
		this.#kernel = trace.stream && this.#probeKernel(trace.stream);
	}

	/** The facts at the head of the timeline file. */
	get facts(): LabFacts {
		assert(this.#facts, 'the lab must be set up before its facts are read');
		return { ...this.#facts, clocks: clocksOf(this.#context) };
	}

	/** The router between the hosts; undefined if the wire is a bridge. */
	get router(): Router | undefined {
		return this.#router;
	}

	get history(): History {
		return this.#context.history;
	}

	get clock(): EngineLab['clock'] {
		return this.#engineLab.clock;
	}

	/** Never resolves. Rejects when an agent, or the engine with it, ends unexpectedly. */
	get lost(): Promise<never> {
		return this.#lost.promise;
	}

	/**
	 * Resolves when all observers of both hosts have reported everything that happened before the call, or are known to
	 * be lost. After that, the fate of a packet that was sent before the call does not change.
	 */
	async flush(): Promise<void> {
		const { history, clock } = this.#context;
		const t = history.at(clock.now());
		await this.#flushMachines();
		// A packet that was not seen to arrive may still be in transit.
		for (let round = 0; round < MOST_ROUNDS && history.hasOpenFateBefore(t); round++) {
			await clock.sleep(history.transitLimit * 1_000, new AbortController().signal);
			await this.#flushMachines();
		}
	}

	async #flushMachines(): Promise<void> {
		const hosts = [this.client, this.server].filter(({ isOn }) => isOn);
		await Promise.all([...hosts.map(({ boot }) => boot.flush()), this.wire.flush()]);
	}

	/** Throws NOT_AWAITED if expectations are still waiting: without `await` they prove nothing. */
	assertAwaited(): void {
		const { pending } = this.#context;
		if (pending.size === 0) return;
		throw new HalfopenError('NOT_AWAITED', {
			problem: 'The scenario ended while expectations were still waiting.',
			seen: [...pending].join('\n'),
			remedy: 'Write `await` before each expect() of a lab.',
		});
	}

	/**
	 * Heals the remaining faults, the latest first, and stops the observers. After that the history is complete. Throws
	 * the first error if a fault could not be healed.
	 */
	async end(): Promise<void> {
		this.#ended.abort();
		const failures: unknown[] = [];
		for (const heal of this.#heals.reverse()) await heal().catch((error: unknown) => failures.push(error));
		await Promise.all([this.client.power.stopObservers(), this.server.power.stopObservers(), this.wire.stop()]);
		if (failures.length > 0) throw failures[0];
	}

	/** Removes both hosts and the wire, in any state. */
	async destroy(): Promise<void> {
		this.#ended.abort();
		this.#kernel?.stop();
		await this.#engineLab.destroy();
	}

	async #setUp(
		engine: Engine,
		{ unavailable }: Trace,
		settings: HostSettings,
		between: LabSettings['between'],
	): Promise<void> {
		const { history, clock } = this.#context;
		let facts: Awaited<ReturnType<typeof factsOf>> | undefined;
		const query = async (machine: Agent) => {
			facts = await factsOf(engine, [this.client, this.server], machine);
		};
		await Promise.all([this.client.power.setUp(query), this.server.power.setUp()]);
		await this.flush();
		this.#kernel?.calibrate(this.client.boot.traceAhead);
		this.#engineLab.ready();
		const [sysctls] = await Promise.all([this.client.power.configure(settings), this.server.power.configure(settings)]);
		const addresses = between === 'router' ? await this.#becomeRouted() : undefined;
		const now = clock.now();
		this.#facts = facts && {
			startedAt: new Date(now * 1_000).toISOString(),
			offloads: settings.offloads,
			...withSysctls(facts, sysctls),
			hosts: hostsOf(this.client, this.server, this.#router),
		};
		history.begin(now, addresses);
		if (unavailable !== undefined) {
			history.lose({
				observer: KERNEL,
				what:
					`no trace (${unavailable}): states are sampled, and the kernel’s errors, resets and retransmissions are ` +
					'unknown',
			});
		}
	}

	/**
	 * Reports the wire's agent as lost if it ends before the lab. Whoever needs a wire that did not start gets the error.
	 */
	#watchWire(): void {
		this.wire.agent
			.then(({ closed }) => closed)
			.then((error) => error && !this.#ended.signal.aborted && this.#lost.reject(error))
			.catch(() => {});
	}

	/** Makes a router of the bridge. Returns the addresses of the lab from then on. */
	async #becomeRouted(): Promise<Addresses> {
		const route = routeIn(this.#family, this.#engineLab.subnet.routed);
		this.#router = await Router.between(this.wire, route, this.#context);
		this.#routerBoots.on(this.#context.clock.now());
		const move = (host: Host) =>
			host.power.moveTo({
				name: host.name,
				...route.hosts[host.name],
				peer: route.router[host.name],
				isRouted: true,
			});
		await Promise.all([move(this.client), move(this.server)]);
		await this.flush();
		const { client, server } = route.hosts;
		return { client: client.addresses, router: this.#router.addresses, server: server.addresses };
	}

	#probeKernel(trace: Readable): KernelProbe {
		return new KernelProbe({
			trace,
			...this.#context,
			boots: { client: this.client.power.boots, router: this.#routerBoots, server: this.server.power.boots },
			onState: (event) => {
				const host = this[event.host];
				if (!host) return;
				const isCurrent = host instanceof Router || (host.isOn && event.boot === host.boot.number);
				if (isCurrent) host.boot.sockets.onTracedState(event);
			},
		});
	}
}

/** The kernel's trace, or the reason why it is unavailable. */
interface Trace {
	readonly stream?: Readable;
	readonly unavailable?: string;
}

async function openTrace(engineLab: EngineLab): Promise<Trace> {
	const trace = await engineLab.kernelTrace();
	return 'unavailable' in trace ? trace : { stream: trace };
}
