import type Dockerode from 'dockerode';
import { isConflict, isMissing } from './engine-errors.ts';

/** Ends a container and waits until the engine has forgotten it, its address included. False if somebody else was removing it, or had. */
export async function removeContainer(container: Dockerode.Container): Promise<boolean> {
	const forgotten = container.wait({ condition: 'removed' }).then(
		() => {},
		(error: unknown) => (isMissing(error) ? undefined : error),
	);
	const removed = await happened(container.remove({ force: true }), (error) => isMissing(error) || isConflict(error));
	const failure = await forgotten;
	if (failure) throw failure;
	return removed;
}

/** False if somebody else had removed it, or something is still attached to it. */
export function removeNetwork(network: Dockerode.Network): Promise<boolean> {
	return happened(network.remove(), (error) => isMissing(error) || isInUse(error));
}

/** The engine's answer 403: the network has endpoints. */
function isInUse(error: unknown): boolean {
	return (error as { statusCode?: number }).statusCode === 403;
}

async function happened(removal: Promise<unknown>, isNoFailure: (error: unknown) => boolean): Promise<boolean> {
	try {
		await removal;
		return true;
	} catch (error) {
		if (isNoFailure(error)) return false;
		throw error;
	}
}
