import type { TimelineFile } from '../timeline/timeline-file.ts';

/** The engine and the kernel of a result. */
export interface Environment {
	/** With the family of addresses, unless that is IPv4: `docker`, `docker-ipv6`. */
	readonly engine: string;
	/** The kernel's release, as in `uname -r`. */
	readonly kernel: string;
}

/** The fields of a timeline that its environment is made of. */
export type EnvironmentFacts = Pick<TimelineFile, 'engine' | 'family'> & {
	readonly kernel: Pick<TimelineFile['kernel'], 'release'>;
};

/** Returns the environment in which a scenario ran. */
export function environmentOf({ engine, family = 'ipv4', kernel }: EnvironmentFacts): Environment {
	return { engine: family === 'ipv4' ? engine : `${engine}-${family}`, kernel: kernel.release };
}

/** Compares strings for sorting. Unlike `localeCompare`, it does not depend on the machine's locale. */
export function compareText(a: string, b: string): number {
	return a < b ? -1 : a > b ? 1 : 0;
}
