import type { Engine, EngineHost } from '../engines/engine.ts';
import type { Stopwatch } from './stopwatch.ts';

/** An engine whose work for one scenario is counted. */
export function timed(engine: Engine, stopwatch: Stopwatch): Engine {
	const counted = <T>(work: () => Promise<T>) => stopwatch.during('engine', work);
	const timedHost = (host: EngineHost): EngineHost => ({
		address: host.address,
		mac: host.mac,
		get boot() {
			return host.boot;
		},
		powerOff: () => counted(() => host.powerOff()),
		powerOn: () => counted(() => host.powerOn()),
		pause: () => counted(() => host.pause()),
		resume: () => counted(() => host.resume()),
		kill: () => counted(() => host.kill()),
		revive: () => counted(() => host.revive()),
	});
	return {
		...engine,
		kernelTrace: () => counted(() => engine.kernelTrace()),
		createLab: () =>
			counted(async () => {
				const { clock, hosts, destroy } = await engine.createLab();
				return { clock, hosts: { client: timedHost(hosts.client), server: timedHost(hosts.server) }, destroy: () => counted(destroy) };
			}),
	};
}
