import type { Engine, EngineHost } from '../engines/engine.ts';
import type { Stopwatch } from './stopwatch.ts';

/** Measures the time that a scenario spends in the engine. */
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
		createLab: () =>
			counted(async () => {
				const lab = await engine.createLab();
				const { client, server } = lab.hosts;
				return {
					clock: lab.clock,
					hosts: { client: timedHost(client), server: timedHost(server) },
					kernelTrace: () => counted(() => lab.kernelTrace()),
					ready: () => lab.ready(),
					destroy: () => counted(() => lab.destroy()),
				};
			}),
	};
}
