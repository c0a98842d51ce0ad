import type { EngineHost } from '../engines/engine.ts';
import type { Boot } from '../lab/boot.ts';
import type { LabContext } from '../lab/context.ts';
import type { HostName } from '../timeline/events.ts';
import { type Fault, inject } from './fault.ts';

/**
 * Freezes all programs of a host. Its kernel runs on and acknowledges the segments that arrive, for any length of time.
 * The host can still be observed.
 */
export function pause(engineHost: EngineHost, boot: Boot, host: HostName, context: LabContext): Promise<Fault> {
	return inject(
		context,
		{ id: context.names.take('pause'), what: 'programs', host, text: `${host}: all programs frozen` },
		{
			inject: async () => {
				await engineHost.pause();
				boot.programs = 'frozen';
				await boot.machine.now();
				return { proof: 'the engine has frozen them; the machine’s agent still answers' };
			},
			heal: async () => {
				if (!boot.running) return { proof: 'gone with the machine' };
				if (boot.programs !== 'frozen') return { proof: 'killed while they were frozen' };
				await engineHost.resume();
				boot.programs = 'run';
				return { proof: 'thawed' };
			},
		},
	);
}

/**
 * Kills all programs of a host at once, as `docker kill` does. Unlike a power off, the machine's kernel runs on and
 * closes their sockets, so it sends a FIN for each, or a RST if there was unread data.
 */
export function kill(engineHost: EngineHost, boot: Boot, host: HostName, context: LabContext): Promise<Fault> {
	return inject(
		// Not healed at the end of the scenario: the machine is removed anyway, and needs no new userland.
		{ ...context, onEnd: () => {} },
		{
			id: context.names.take('kill'),
			what: 'programs',
			host,
			text: `${host}: all programs killed; its kernel runs on and closes their sockets`,
		},
		{
			inject: async () => {
				const before = boot.programs;
				// Set first, so that the end of their agent is not reported as a loss.
				boot.programs = 'killed';
				try {
					await engineHost.kill();
				} catch (error) {
					boot.programs = before;
					throw error;
				}
				await boot.machine.now();
				return { proof: 'userland has ended; the machine’s agent still answers' };
			},
			heal: async () => {
				if (!boot.running) return { proof: 'gone with the machine' };
				await boot.replaceUserland(await engineHost.startUserland());
				return { proof: 'a new userland, with no program in it' };
			},
		},
	);
}
