import type { EngineHost } from '../engines/engine.ts';
import type { Boot } from '../lab/boot.ts';
import type { LabContext } from '../lab/context.ts';
import type { HostName } from '../timeline/events.ts';
import { type Fault, inject } from './fault.ts';

/**
 * Freezes all programs of a host. Its kernel goes on: it acknowledges what arrives, for ever, and the host can still be
 * observed.
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
				return { proof: 'the engine has frozen them; the machine’s own agent still answers' };
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
 * Kills all programs of a host at once, as `docker kill` does. No power off: the machine’s kernel lives on and closes
 * their sockets, so a FIN leaves for each, or a RST where data was not read.
 */
export function kill(engineHost: EngineHost, boot: Boot, host: HostName, context: LabContext): Promise<Fault> {
	return inject(
		// At the end of a scenario the machine goes anyway: nobody needs new programs.
		{ ...context, onEnd: () => {} },
		{
			id: context.names.take('kill'),
			what: 'programs',
			host,
			text: `${host}: all programs killed; its kernel lives on and closes their sockets`,
		},
		{
			inject: async () => {
				// Before they go: the end of their agent surprises nobody then.
				boot.programs = 'killed';
				await engineHost.kill();
				await boot.machine.now();
				return { proof: 'their container is gone; the machine’s own agent still answers' };
			},
			heal: async () => {
				if (!boot.running) return { proof: 'gone with the machine' };
				await boot.replaceUserland(await engineHost.revive());
				return { proof: 'a new userland, with no program in it' };
			},
		},
	);
}
