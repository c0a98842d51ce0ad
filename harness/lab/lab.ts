import assert from 'node:assert/strict';
import type { Readable } from 'node:stream';
import { z } from 'zod';
import type { Agent } from '../agent/agent.ts';
import { quietResolvers } from '../agent/promises.ts';
import type { Engine, EngineHost, EngineLab } from '../engines/engine.ts';
import { HalfopenError } from '../errors.ts';
import type { Fault } from '../faults/fault.ts';
import { cutLink } from '../faults/link.ts';
import { assertSysctls, type Sysctls } from '../faults/sysctl.ts';
import { KERNEL, KernelProbe } from '../probes/kernel.ts';
import { Sentinels } from '../probes/sentinel.ts';
import { TRANSIT_LIMIT } from '../timeline/coverage.ts';
import type { HostName } from '../timeline/events.ts';
import { History } from '../timeline/history.ts';
import { checked } from '../util/options.ts';
import type { Boot, HostIdentity } from './boot.ts';
import { type LabContext, Names, SpecActions } from './context.ts';
import { Host } from './host.ts';
import type { HostSettings } from './host-power.ts';
import { clocksOf, factsOf, type LabFacts, withSysctls } from './lab-facts.ts';
import { OpenWaits } from './open-waits.ts';
import { Timeline } from './timeline-queries.ts';

/**
 * Written on every host, so that runs are comparable: the default congestion control differs between machines, and bbr
 * paces retransmissions in its own way.
 */
const BASELINE: Sysctls = { tcp_congestion_control: 'reno' };

/** After this many flushes, packets that were in transit at the start have been seen. Later packets do not matter. */
const MOST_ROUNDS = 3;

const cutSchema = z.strictObject({ name: z.string().optional() });

/** The wire between the two hosts. */
export interface Link {
	/**
	 * Cuts the wire in the middle: nothing arrives at either host any more, and neither is notified. Healing the fault
	 * reconnects them.
	 */
	cut(options?: { readonly name?: string }): Promise<Fault>;
}

/** The settings of a lab that a scenario can change. */
export interface LabSettings {
	/** Sysctls below net.ipv4, written on both hosts at every boot. */
	readonly sysctls?: Sysctls | undefined;
	/**
	 * Whether segmentation offload is on, as kernels have it by default. Captures then contain packets of several
	 * segments, which no wire carries. By default it is off on both hosts, loopback included.
	 */
	readonly offloads?: boolean | undefined;
}

/** Two hosts, the wire between them, a clock and a history. */
export class Lab {
	readonly client: Host;
	readonly server: Host;
	readonly link: Link;
	readonly timeline: Timeline;
	readonly #context: LabContext;
	readonly #engineLab: EngineLab;
	readonly #kernel: KernelProbe | undefined;
	readonly #heals: (() => Promise<void>)[] = [];
	readonly #lost = quietResolvers<never>();
	readonly #ended = new AbortController();
	#facts: Omit<LabFacts, 'clocks'> | undefined;

	/**
	 * Creates a lab. Resolves when both hosts' agents answer, and captures and trace have shown that they record. Throws
	 * SYSCTL_UNKNOWN before anything starts.
	 */
	static async create(
		engine: Engine,
		{ sysctls = {}, offloads = false }: LabSettings = {},
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
			await lab.#setUp(engine, trace, { sysctls, offloads: offloads ? 'on' : 'off' });
			return lab;
		} catch (error) {
			// The first error is the cause. The sweep at the end of the run removes what cannot be removed now.
			await lab.destroy().catch(() => {});
			throw error;
		}
	}

	private constructor(engine: Engine, engineLab: EngineLab, trace: Trace, waits: OpenWaits) {
		const { clock, hosts } = engineLab;
		const { client, server } = hosts;
		this.#engineLab = engineLab;
		this.#context = {
			// Times count from the epoch until the lab is ready; then `begin` discards the events so far.
			history: new History(0, { client: client.address, server: server.address }),
			clock,
			virtualTime: engine.virtualTime,
			programRemedy: engine.programRemedy,
			sentinels: new Sentinels(clock, client.address),
			names: new Names(),
			sysctls: engine.sysctls,
			traced: trace.stream !== undefined,
			pending: new Set(),
			actions: new SpecActions(),
			waits,
			flush: () => this.flush(),
			bootHooks: new Set(),
			onAgentLost: (error) => this.#lost.reject(error),
			endSignal: this.#ended.signal,
			onEnd: (heal) => this.#heals.push(heal),
		};
		this.client = new Host(client, identify('client', client, server), BASELINE, this.#context, () => this.server);
		this.server = new Host(server, identify('server', server, client), BASELINE, this.#context, () => this.client);
		this.timeline = new Timeline(this.#context, () => this.facts.kernel.sysctls);
		this.link = {
			cut: async (options = {}) => cutLink(this.#on, this.#context, checked(cutSchema, options, 'link.cut').name),
		};
		this.#kernel = trace.stream && this.#probeKernel(trace.stream);
	}

	/** The facts at the head of the timeline file. */
	get facts(): LabFacts {
		assert(this.#facts, 'the lab must be set up before its facts are read');
		return { ...this.#facts, clocks: clocksOf(this.#context) };
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
		await this.#flushHosts();
		// A packet that was not seen to arrive may still be in transit.
		for (let round = 0; round < MOST_ROUNDS && history.hasOpenFateBefore(t); round++) {
			await clock.sleep(TRANSIT_LIMIT * 1_000, new AbortController().signal);
			await this.#flushHosts();
		}
	}

	async #flushHosts(): Promise<void> {
		await Promise.all([this.client, this.server].map((host) => (host.isOn ? host.boot.flush() : undefined)));
	}

	get #on(): [HostName, Boot][] {
		return [this.client, this.server].filter(({ isOn }) => isOn).map(({ name, boot }) => [name, boot]);
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
		await Promise.all([this.client.power.stopObservers(), this.server.power.stopObservers()]);
		if (failures.length > 0) throw failures[0];
	}

	/** Removes both hosts and the wire, in any state. */
	async destroy(): Promise<void> {
		this.#ended.abort();
		this.#kernel?.stop();
		await this.#engineLab.destroy();
	}

	async #setUp(engine: Engine, { unavailable }: Trace, settings: HostSettings): Promise<void> {
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
		const now = clock.now();
		this.#facts = facts && {
			startedAt: new Date(now * 1_000).toISOString(),
			offloads: settings.offloads,
			...withSysctls(facts, sysctls),
		};
		history.begin(now);
		if (unavailable !== undefined) {
			history.lose({
				observer: KERNEL,
				what:
					`no trace (${unavailable}): states are sampled, and the kernel’s errors, resets and retransmissions are ` +
					'unknown',
			});
		}
	}

	#probeKernel(trace: Readable): KernelProbe {
		return new KernelProbe({
			trace,
			...this.#context,
			boots: { client: this.client.power.boots, server: this.server.power.boots },
			onState: (event) => {
				const host = this[event.host];
				if (host.isOn && event.boot === host.boot.number) host.boot.sockets.onTracedState(event);
			},
		});
	}
}

function identify(name: HostName, own: EngineHost, peer: EngineHost): HostIdentity {
	return { name, address: own.address, mac: own.mac, peer: { address: peer.address, mac: peer.mac } };
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
