import type { ClaimId } from '../../claims/catalogue.ts';

/** A change of the kernel that explains differences between older and newer kernels. */
export interface Change {
	/** Its name: the sysctl, the tracepoint or the function that it added. */
	readonly name: string;
	/** The first version of Linux with it. */
	readonly since: `${number}.${number}`;
	/** Its commit: the first twelve digits, and the title. */
	readonly commit: string;
	/** Its effect, as a sentence. */
	readonly effect: string;
	/** The claims whose verdict it changes. */
	readonly claims: readonly ClaimId[];
	/** The names of the durations that it changes. */
	readonly durations: readonly string[];
}

/**
 * The known changes. A difference that none of them names counts as unexplained. A claim or duration that one of them
 * names must differ between older and newer kernels if both were measured. So add and remove rows according to the
 * measurements.
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
