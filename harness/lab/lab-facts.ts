import type { Agent } from '../agent/agent.ts';
import type { Engine } from '../engines/engine.ts';
import { readAllSysctls } from '../faults/sysctl.ts';
import type { TimelineFile } from '../timeline/timeline-file.ts';
import type { LabContext } from './context.ts';
import type { Host } from './host.ts';
import type { Router } from './router.ts';

/** The facts at the head of a timeline file. */
export type LabFacts = Pick<
	TimelineFile,
	'engine' | 'family' | 'offloads' | 'kernel' | 'tools' | 'hosts' | 'clocks' | 'startedAt'
>;

/** Returns the facts with the values of the sysctls that were written. */
export function withSysctls<Facts extends Pick<LabFacts, 'kernel'>>(
	facts: Facts,
	sysctls: Readonly<Record<string, string>>,
): Facts {
	return { ...facts, kernel: { ...facts.kernel, sysctls: { ...facts.kernel.sysctls, ...sysctls } } };
}

/** Returns the addresses of the nodes. */
export const hostsOf = (client: Host, server: Host, router?: Router): LabFacts['hosts'] => ({
	client: client.facts,
	server: server.facts,
	...(router && { router: router.facts }),
});

/** Returns the facts about engine, kernel, tools and hosts, before the scenario's own settings are applied. */
export async function factsOf(
	engine: Engine,
	[client, server]: readonly [Host, Host],
	machine: Agent,
): Promise<Omit<LabFacts, 'startedAt' | 'offloads' | 'clocks'>> {
	const [sysctls, ss] = await Promise.all([readAllSysctls(machine), machine.run(['ss', '-V'])]);
	return {
		engine: engine.name,
		family: engine.family,
		kernel: { release: machine.kernelRelease, sysctls },
		tools: { ...engine.tools, ss: ss.out.trim() },
		hosts: hostsOf(client, server),
	};
}

/** An action of the harness takes effect up to this many seconds after it read the clock. */
const HARNESS_PRECISION = 0.002;

/** Returns the clock and precision of each source of events. */
export function clocksOf({ clock, traced }: LabContext): LabFacts['clocks'] {
	const kernel = 'tracefs clock “tai”, or “boot” before 5.18, minus its offset from CLOCK_REALTIME';
	return [
		{
			source: 'strace',
			clock: 'CLOCK_REALTIME when strace sees the call; the call itself was up to the precision earlier',
			precision: 0.001,
		},
		{ source: 'capture', clock: 'CLOCK_REALTIME when the kernel hands the packet to the capture', precision: 0.000_05 },
		{ source: 'ss', clock: 'CLOCK_REALTIME when the sample began', precision: 0.02 },
		...(traced ? [{ source: 'kernel' as const, clock: kernel, precision: 0.000_05 }] : []),
		{
			source: 'harness',
			clock: clock.source,
			precision: Math.max(HARNESS_PRECISION, Math.ceil(clock.precision * 1e6) / 1e6),
		},
	];
}
