import type { HostName } from '../timeline/events.ts';
import type { EngineHost, EngineLab } from './engine.ts';
import { realClock } from './real-clock.ts';

/**
 * A lab of two hosts on this machine's kernel and whatever is between them: either both are up, or nothing is left. `remove` takes away the
 * hosts, in whatever state they are, and then the wire.
 */
export async function twoHosts(hosts: Readonly<Record<HostName, EngineHost>>, remove: () => Promise<void>): Promise<EngineLab> {
	let removed: Promise<void> | undefined;
	const destroy = () => {
		removed ??= remove();
		return removed;
	};
	try {
		const booting = [hosts.client.powerOn(), hosts.server.powerOn()];
		// Also when one fails the other is waited for, so that nothing is made behind the back of who cleans up.
		await Promise.allSettled(booting);
		await Promise.all(booting);
		return { clock: realClock, hosts, destroy };
	} catch (error) {
		await destroy().catch(() => {});
		throw error;
	}
}
