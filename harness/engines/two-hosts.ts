import type { HostName } from '../timeline/events.ts';
import type { EngineHost, EngineLab } from './engine.ts';

/** The members of a lab besides its two hosts. */
interface LabParts extends Omit<EngineLab, 'hosts' | 'destroy'> {
	/** Removes the hosts, in whatever state they are, and then the wire. */
	remove(): Promise<void>;
}

/** Starts two hosts and returns the lab. If one of them fails, removes everything. */
export async function twoHosts(
	hosts: Readonly<Record<HostName, EngineHost>>,
	{ remove, ...parts }: LabParts,
): Promise<EngineLab> {
	let removed: Promise<void> | undefined;
	const destroy = () => {
		removed ??= remove();
		return removed;
	};
	try {
		const booting = [hosts.client.powerOn(), hosts.server.powerOn()];
		// If one fails, the other is awaited, so that nothing is created after the cleanup.
		await Promise.allSettled(booting);
		await Promise.all(booting);
		return { ...parts, hosts, destroy };
	} catch (error) {
		await destroy().catch(() => {});
		throw error;
	}
}
