import assert from 'node:assert/strict';
import type { Readable } from 'node:stream';
import { z } from 'zod';
import type { Agent } from '../agent/agent.ts';
import { quietResolvers } from '../agent/promises.ts';
import type { Engine, EngineHost, EngineLab } from '../engines/engine.ts';
import { HalfopenError } from '../errors.ts';
import type { Fault } from '../faults/fault.ts';
import { cutLink } from '../faults/link.ts';
import { assertSysctls, readAllSysctls, type Sysctls } from '../faults/sysctl.ts';
import { KERNEL, KernelProbe } from '../probes/kernel.ts';
import { Sentinels } from '../probes/sentinel.ts';
import { TRANSIT_LIMIT } from '../timeline/coverage.ts';
import type { HostName } from '../timeline/events.ts';
import { History } from '../timeline/history.ts';
import type { TimelineFile } from '../timeline/timeline-file.ts';
import { checked } from '../util/options.ts';
import type { Boot, HostIdentity } from './boot.ts';
import { type LabContext, Names, SpecActions } from './context.ts';
import { Host, type HostSettings } from './host.ts';
import { OpenWaits } from './open-waits.ts';
import { Timeline } from './timeline-queries.ts';

/**
 * Set on every host, so that runs are alike: the default congestion control differs from machine to machine, and bbr
 * paces retransmissions by a model of its own.
 */
const BASELINE: Sysctls = { tcp_congestion_control: 'reno' };

/** Asked so often, observers have told what was under way; what comes meanwhile is of no concern. */
const MOST_ROUNDS = 3;

const cutSchema = z.strictObject({ name: z.string().optional() });

/** The wire between the hosts. */
export interface Link {
	/** Cuts it in the middle: neither host notices by itself, nothing arrives any more. */
	cut(options?: { readonly name?: string }): Promise<Fault>;
}

/** What one scenario wants other than in all labs. */
export interface LabSettings {
	/** Set on both hosts at every boot, by their names below net.ipv4. */
	readonly sysctls?: Sysctls | undefined;
	/**
	 * Segmentation offload as kernels have it by default: captures then hold packets of several segments, which no wire
	 * carries. Off without this, on both hosts, loopback included.
	 */
	readonly offloads?: boolean | undefined;
}

/** Facts that a timeline begins with. */
export type LabFacts = Pick<
	TimelineFile,
	'engine' | 'offloads' | 'kernel' | 'tools' | 'hosts' | 'clocks' | 'startedAt'
>;

/** Two hosts, the wire between them, a clock and a history. */
export class Lab {
	readonly client: Host;
	readonly server: Host;
	readonly link: Link;
	readonly timeline: Timeline;
	readonly #context: LabContext;
	readonly #engineLab: EngineLab;
	readonly #kernel: KernelProbe | undefined;
	readonly #undo: (() => Promise<void>)[] = [];
	readonly #lost = quietResolvers<never>();
	readonly #ended = new AbortController();
	#facts: Omit<LabFacts, 'clocks'> | undefined;

	/**
	 * Ready when both agents answer, and captures and trace are known to record. Unknown sysctls are refused before
	 * anything starts.
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
			// What cannot be removed now is the sweeper's; why the lab was not ready is what the reader must know.
			await lab.destroy().catch(() => {});
			throw error;
		}
	}

	private constructor(engine: Engine, engineLab: EngineLab, trace: Trace, waits: OpenWaits) {
		const { clock, hosts } = engineLab;
		const { client, server } = hosts;
		this.#engineLab = engineLab;
		this.#context = {
			// What is seen before the lab is ready counts from the epoch, and is forgotten then.
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
			onEnd: (undo) => this.#undo.push(undo),
		};
		this.client = new Host(client, identify('client', client, server), BASELINE, this.#context, () => this.server);
		this.server = new Host(server, identify('server', server, client), BASELINE, this.#context, () => this.client);
		this.timeline = new Timeline(this.#context, () => this.facts.kernel.sysctls);
		this.link = {
			cut: async (options = {}) => cutLink(this.#on, this.#context, checked(cutSchema, options, 'link.cut').name),
		};
		this.#kernel = trace.stream && this.#probeKernel(trace.stream);
	}

	/** Facts that its timeline begins with. */
	get facts(): LabFacts {
		assert(this.#facts, 'a lab is ready before it is asked for its facts');
		return { ...this.#facts, clocks: clocksOf(this.#context) };
	}

	get history(): History {
		return this.#context.history;
	}

	get clock(): EngineLab['clock'] {
		return this.#engineLab.clock;
	}

	/** Never resolves; rejects when an agent goes that nobody sent away, or the engine with it. */
	get lost(): Promise<never> {
		return this.#lost.promise;
	}

	/**
	 * Resolves when all observers of both hosts have told all that happened before the call, or are known to be lost:
	 * what became of each packet that was sent before does not change any more.
	 */
	async flush(): Promise<void> {
		const { history, clock } = this.#context;
		const t = history.at(clock.now());
		await this.#flushHosts();
		// One that nobody has seen arrive may be under way.
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

	/** A wait that nobody waits for proves nothing. */
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
	 * Mends what is still broken, the latest first, and lets the observers end; the history is complete then. Throws what
	 * could not be mended.
	 */
	async end(): Promise<void> {
		this.#ended.abort();
		const failures: unknown[] = [];
		for (const undo of this.#undo.reverse()) await undo().catch((error: unknown) => failures.push(error));
		await Promise.all([this.client.stopObservers(), this.server.stopObservers()]);
		if (failures.length > 0) throw failures[0];
	}

	/** Removes both hosts and the wire, whatever state they are in. */
	async destroy(): Promise<void> {
		this.#ended.abort();
		this.#kernel?.stop();
		await this.#engineLab.destroy();
	}

	async #setUp(engine: Engine, { unavailable }: Trace, settings: HostSettings): Promise<void> {
		const { history, clock } = this.#context;
		let facts: Awaited<ReturnType<typeof factsOf>> | undefined;
		const ask = async (machine: Agent) => {
			facts = await factsOf(engine, this, machine);
		};
		await Promise.all([this.client.setUp(ask), this.server.setUp()]);
		await this.flush();
		this.#kernel?.calibrate(this.client.boot.traceAhead);
		this.#engineLab.ready();
		const [sysctls] = await Promise.all([this.client.configure(settings), this.server.configure(settings)]);
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
					`no trace (${unavailable}): states are sampled, and no error, reset or retransmission is told by the ` +
					'kernel',
			});
		}
	}

	#probeKernel(trace: Readable): KernelProbe {
		return new KernelProbe({
			trace,
			...this.#context,
			boots: { client: this.client.boots, server: this.server.boots },
			onState: (event) => {
				const host = this[event.host];
				if (host.isOn && event.boot === host.boot.number) host.boot.onTracedState(event);
			},
		});
	}
}

function identify(name: HostName, own: EngineHost, peer: EngineHost): HostIdentity {
	return { name, address: own.address, mac: own.mac, peer: { address: peer.address, mac: peer.mac } };
}

/** The kernel's trace, or why there is none. */
interface Trace {
	readonly stream?: Readable;
	readonly unavailable?: string;
}

async function openTrace(engineLab: EngineLab): Promise<Trace> {
	const trace = await engineLab.kernelTrace();
	return 'unavailable' in trace ? trace : { stream: trace };
}

/** Facts as they are once these were written. */
function withSysctls<Facts extends Pick<LabFacts, 'kernel'>>(
	facts: Facts,
	sysctls: Readonly<Record<string, string>>,
): Facts {
	return { ...facts, kernel: { ...facts.kernel, sysctls: { ...facts.kernel.sysctls, ...sysctls } } };
}

async function factsOf(
	engine: Engine,
	{ client, server }: Lab,
	machine: Agent,
): Promise<Omit<LabFacts, 'startedAt' | 'offloads' | 'clocks'>> {
	const [sysctls, ss] = await Promise.all([readAllSysctls(machine), machine.run(['ss', '-V'])]);
	return {
		engine: engine.name,
		kernel: { release: machine.kernelRelease, sysctls },
		tools: { ...engine.tools, ss: ss.out.trim() },
		hosts: { client: { ip: client.address, mac: client.mac }, server: { ip: server.address, mac: server.mac } },
	};
}

/** What the harness does takes effect a moment after it read the clock, in seconds. */
const HARNESS_PRECISION = 0.002;

function clocksOf({ clock, traced }: LabContext): LabFacts['clocks'] {
	const kernel = 'tracefs clock “tai”, or before 5.18 “boot”, less what it is ahead of CLOCK_REALTIME';
	return [
		{
			source: 'strace',
			clock: 'CLOCK_REALTIME when strace sees the call; the call itself was up to this earlier',
			precision: 0.001,
		},
		{ source: 'capture', clock: 'CLOCK_REALTIME when the kernel hands the packet to the capture', precision: 0.000_05 },
		{ source: 'ss', clock: 'CLOCK_REALTIME when the look began', precision: 0.02 },
		...(traced ? [{ source: 'kernel' as const, clock: kernel, precision: 0.000_05 }] : []),
		{
			source: 'harness',
			clock: clock.source,
			precision: Math.max(HARNESS_PRECISION, Math.ceil(clock.precision * 1e6) / 1e6),
		},
	];
}
