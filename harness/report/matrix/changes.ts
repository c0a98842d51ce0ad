import type { ClaimId } from '../../claims/catalogue.ts';

/** A change of the kernel that a reader can see: it explains what differs between kernels before it and since. */
export interface Change {
	/** What it is called: the sysctl, the tracepoint or the function that came with it. */
	readonly name: string;
	/** The first version of Linux that has it. */
	readonly since: `${number}.${number}`;
	/** The commit that made it: its first twelve digits, and its title. */
	readonly commit: string;
	/** What it does, as a sentence. */
	readonly effect: string;
	/** The claims that are judged otherwise because of it. */
	readonly claims: readonly ClaimId[];
	/** The durations that are others because of it, each by its name. */
	readonly durations: readonly string[];
}

/**
 * The changes that are known. What differs and is in none of them counts as unexplained, and what is in one of them
 * must differ wherever kernels before it and since were looked at: a row goes in or out with what was measured.
 */
export const CHANGES: readonly Change[] = [
	{
		name: 'tcp_syn_linear_timeouts',
		since: '6.5',
		commit: 'ccce324dabfe (“tcp: make the first N SYN RTO backoffs linear”)',
		effect:
			'The first 4 retransmissions of a SYN follow each other at 1 s and come on top of tcp_syn_retries, so that ' +
			'connect gives up 4 s later.',
		claims: ['KH-syn1'],
		durations: ['SYN dropped, until ETIMEDOUT'],
	},
];
