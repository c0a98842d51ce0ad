import type { HostName } from '../timeline/events.ts';
import type { EngineHost, EngineLab } from './engine.ts';

/** What is around a lab's two hosts. */
interface LabParts extends Pick<EngineLab, 'clock' | 'kernelTrace' | 'ready'> {
	/** Takes away the hosts, in whatever state they are, and then the wire. */
	remove(): Promise<void>;
}

/** A lab of two hosts and whatever is between them: either both are up, or nothing is left. */
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
		// Also when one fails the other is waited for, so that nothing is made behind the back of who cleans up.
		await Promise.allSettled(booting);
		await Promise.all(booting);
		return { ...parts, hosts, destroy };
	} catch (error) {
		await destroy().catch(() => {});
		throw error;
	}
}
