import { hostname } from 'node:os';

/** Who to ask whether what a process made is still wanted: `<machine>:<pid>`. */
export const thisProcess = (): string => `${hostname()}:${process.pid}`;

/** True if the owner was a process of this machine, and is no more. */
export function isDead(owner: string): boolean {
	const [machine, pid] = owner.split(':');
	if (machine !== hostname()) return false;
	try {
		process.kill(Number(pid), 0);
		return false;
	} catch (error) {
		return (error as NodeJS.ErrnoException).code === 'ESRCH';
	}
}
