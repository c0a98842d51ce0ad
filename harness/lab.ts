import { type LabContext, Names } from './context.ts';
import type { Engine, EngineLab } from './engines/engine.ts';
import { HalfopenError } from './errors.ts';
import type { Fault } from './faults/fault.ts';
import { cutLink } from './faults/link.ts';
import { assertSysctls, readAllSysctls, type Sysctls } from './faults/sysctl.ts';
import { Host } from './host.ts';
import { KernelProbe } from './probes/kernel.ts';
import { Sentinels } from './probes/sentinel.ts';
import type { HostName, TimelineFile } from './timeline/events.ts';
import { History } from './timeline/history.ts';
import { Timeline } from './timeline.ts';

/**
 * Set on every host, so that runs are alike: the default congestion control differs from machine to machine, and bbr paces
 * retransmissions by a model of its own.
 */
const BASELINE: Sysctls = { tcp_congestion_control: 'reno' };

/** The wire between the hosts. */
export interface Link {
	/** Cuts it in the middle: neither host notices by itself, nothing arrives any more. */
	cut(options?: { readonly name?: string }): Promise<Fault>;
}

/** Facts that a timeline begins with. */
export type LabFacts = Pick<TimelineFile, 'engine' | 'kernel' | 'tools' | 'hosts' | 'clocks' | 'startedAt'>;

/** Two hosts, the wire between them, a clock and a history. */
export class Lab {
	readonly client: Host;
	readonly server: Host;
	readonly link: Link;
	readonly timeline: Timeline;
	readonly facts: LabFacts;
	readonly #context: LabContext;
	readonly #engineLab: EngineLab;
	readonly #kernel: KernelProbe | undefined;
	readonly #undo: (() => Promise<void>)[];

	/** Ready when both agents answer, and captures and trace are known to record. Unknown sysctls are refused before anything starts. */
	static async create(engine: Engine, sysctls: Sysctls = {}): Promise<Lab> {
		assertSysctls(sysctls, engine.sysctls);
		const trace = await engine.kernelTrace();
		const engineLab = await engine.createLab().catch((error) => {
			trace?.destroy();
			throw error;
		});
		const { client, server } = engineLab.hosts;
		const undo: (() => Promise<void>)[] = [];
		const { clock } = engineLab;
		const context: LabContext = {
			history: new History(clock.now(), { client: client.address, server: server.address }),
			clock,
			sentinels: new Sentinels(clock),
			names: new Names(),
			sysctls: engine.sysctls,
			traced: trace !== undefined,
			pending: new Set(),
			flush: async () => {
				await Promise.all([hosts.client, hosts.server].map((host) => (host.isOn ? host.boot.flush() : undefined)));
			},
			onEnd: (work) => undo.push(work),
		};
		const hosts: Record<HostName, Host> = {
			client: new Host(
				client,
				{ name: 'client', ...identity(client), peer: identity(server) },
				{ ...BASELINE, ...sysctls },
				context,
				() => hosts.server,
			),
			server: new Host(
				server,
				{ name: 'server', ...identity(server), peer: identity(client) },
				{ ...BASELINE, ...sysctls },
				context,
				() => hosts.client,
			),
		};
		const kernel =
			trace &&
			new KernelProbe({
				trace,
				...context,
				boots: { client: hosts.client.boots, server: hosts.server.boots },
				onState: (event) => {
					const host = hosts[event.host];
					if (host.isOn && event.boot === host.boot.number) host.boot.traced(event);
				},
			});
		try {
			await Promise.all([hosts.client.takeIntoUse(), hosts.server.takeIntoUse()]);
			kernel?.calibrate(hosts.client.boot.traceAhead);
			const facts = await factsOf(engine, hosts, context);
			context.history.begin(clock.now());
			return new Lab(engineLab, hosts, context, kernel, undo, facts);
		} catch (error) {
			kernel?.stop();
			await engineLab.destroy();
			throw error;
		}
	}

	private constructor(
		engineLab: EngineLab,
		{ client, server }: Readonly<Record<HostName, Host>>,
		context: LabContext,
		kernel: KernelProbe | undefined,
		undo: (() => Promise<void>)[],
		facts: LabFacts,
	) {
		this.client = client;
		this.server = server;
		this.timeline = new Timeline(context);
		this.#context = context;
		this.facts = facts;
		this.#engineLab = engineLab;
		this.#kernel = kernel;
		this.#undo = undo;
		this.link = { cut: ({ name } = {}) => cutLink({ client: client.boot, server: server.boot }, context, name) };
	}

	get history(): History {
		return this.#context.history;
	}

	get clock(): EngineLab['clock'] {
		return this.#engineLab.clock;
	}

	/** A wait that nobody waits for proves nothing. */
	assertAwaited(): void {
		const { pending } = this.#context;
		if (pending.size === 0) return;
		throw new HalfopenError('BAD_ARGUMENT', {
			problem: 'The scenario ended while these expectations were still waiting:',
			seen: [...pending].join('\n'),
			remedy: 'Write `await` before each expect().',
		});
	}

	/** Mends what is still broken, the latest first, and lets the observers end; the history is complete then. Throws what could not be mended. */
	async end(): Promise<void> {
		const failures: unknown[] = [];
		for (const undo of this.#undo.reverse()) await undo().catch((error: unknown) => failures.push(error));
		await Promise.all([this.client.rest(), this.server.rest()]);
		if (failures.length > 0) throw failures[0];
	}

	/** Removes both hosts and the wire, whatever state they are in. */
	async destroy(): Promise<void> {
		this.#kernel?.stop();
		await this.#engineLab.destroy();
	}
}

function identity({ address, mac }: { address: string; mac: string }): { address: string; mac: string } {
	return { address, mac };
}

async function factsOf(engine: Engine, { client, server }: Readonly<Record<HostName, Host>>, { clock, traced }: LabContext): Promise<LabFacts> {
	const { machine } = client.boot;
	const [sysctls, ss] = await Promise.all([readAllSysctls(machine), machine.run(['ss', '-V'])]);
	return {
		startedAt: new Date(clock.now() * 1_000).toISOString(),
		engine: engine.name,
		kernel: { release: machine.kernelRelease, sysctls },
		tools: { ...engine.tools, ss: ss.out.trim() },
		hosts: { client: { ip: client.address, mac: client.mac }, server: { ip: server.address, mac: server.mac } },
		clocks: [
			{ source: 'strace', clock: 'CLOCK_REALTIME when strace sees the call; the call itself was up to this earlier', precision: 0.001 },
			{ source: 'capture', clock: 'CLOCK_REALTIME when the kernel hands the packet to the capture', precision: 0.000_05 },
			{ source: 'ss', clock: 'CLOCK_REALTIME when the look began', precision: 0.02 },
			...(traced
				? [{ source: 'kernel' as const, clock: 'tracefs clock “tai”, less its whole seconds ahead of CLOCK_REALTIME', precision: 0.000_05 }]
				: []),
			{ source: 'harness', clock: clock.source, precision: 0.002 },
		],
	};
}
