import { hostname } from 'node:os';

/** Who to ask whether what a process made is still wanted: `<machine>:<pid>`. */
export const thisProcess = (): string => `${hostname()}:${process.pid}`;

export const pidOf = (owner: string): number => Number(owner.split(':')[1]);

/** True if the owner was a process of this machine, and is no more. */
export function isDead(owner: string): boolean {
	if (owner.split(':')[0] !== hostname()) return false;
	try {
		process.kill(pidOf(owner), 0);
		return false;
	} catch (error) {
		return (error as NodeJS.ErrnoException).code === 'ESRCH';
	}
}
