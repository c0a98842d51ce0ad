import { dataOf, HEADER_LENGTHS, headersOf } from './header-bpf.ts';
import type { SegmentCriteria } from './segment-match.ts';

/** The protocol of all rules. */
export const TCP = ['-p', 'tcp'];

/** A match in the words of iptables. */
export interface IptablesMatch {
	/** The options of the rule that jumps to the chain of the fault. */
	readonly words: readonly string[];
	/** The options of the first rules of that chain: packets that one of them matches return from it. */
	readonly unless: readonly (readonly string[])[];
}

/** Translates a match for iptables. `id` is the name of the fault. */
export function iptablesMatch(criteria: SegmentCriteria, id: string): IptablesMatch {
	return { words: propertyWords(criteria), unless: [...payloadRules(criteria), ...choiceRules(criteria, id)] };
}

function propertyWords(criteria: SegmentCriteria): string[] {
	const { sourceAddress, destinationAddress, sourcePort, destinationPort, flags, length, option } = criteria;
	const words = [...TCP];
	if (sourceAddress !== undefined) words.push('-s', sourceAddress);
	if (destinationAddress !== undefined) words.push('-d', destinationAddress);
	if (sourcePort !== undefined) words.push('--sport', String(sourcePort));
	if (destinationPort !== undefined) words.push('--dport', String(destinationPort));
	if (flags !== undefined) words.push('--tcp-flags', flags.mask.join(), flags.set.join() || 'NONE');
	if (option !== undefined) words.push('--tcp-option', String(option));
	if (length !== undefined) words.push('-m', 'bpf', '--bytecode', `"${dataOf(length)}"`);
	return words;
}

/**
 * A search begins at a fixed offset, so there is a rule for each length of the headers. The algorithm is `kmp`, because
 * `bm` does not find what is spread over two fragments of a packet in memory (lib/ts_bm.c).
 */
function payloadRules({ payload }: SegmentCriteria): string[][] {
	if (payload === undefined) return [];
	const absent = ['-m', 'string', '!', '--hex-string', `|${payload.toString('hex')}|`, '--algo', 'kmp'];
	return HEADER_LENGTHS.map((length) => [
		...['-m', 'bpf', '--bytecode', `"${headersOf(length)}"`],
		...[...absent, '--from', String(length)],
	]);
}

/**
 * These count, so they come after everything else that a packet must have. For the nth of a connection, each rule but
 * the last takes one packet of the connection away.
 */
function choiceRules({ every, nth, probability }: SegmentCriteria, id: string): string[][] {
	const rules: string[][] = [];
	const statistic = ['-m', 'statistic', '--mode'];
	// The count begins at 0, so that the first packet matches (iptables-extensions(8), statistic).
	if (every !== undefined) rules.push([...statistic, 'nth', '!', '--every', String(every), '--packet', '0']);
	if (probability !== undefined) rules.push([...statistic, 'random', '!', '--probability', String(probability)]);
	if (nth !== undefined) {
		for (let before = 1; before < nth; before++) rules.push(firstOfConnection(`${id}-${before}`, 'upto'));
		rules.push(firstOfConnection(`${id}-${nth}`, 'above'));
	}
	return rules;
}

/**
 * Matches the first packet of each connection that reaches the rule, or all that come later. A connection is the
 * addresses and ports of one direction. One packet passes at once, and the next after a day (xt_hashlimit counts no
 * further: a limit has room for a single packet of so low a rate). The kernel drops packets if the table is full, so it
 * has room for all ports, and forgets nothing during a scenario.
 */
function firstOfConnection(name: string, which: 'upto' | 'above'): string[] {
	return [
		...['-m', 'hashlimit', '--hashlimit-name', name, '--hashlimit-mode', 'srcip,srcport,dstip,dstport'],
		...[`--hashlimit-${which}`, '1/day', '--hashlimit-burst', '1'],
		...['--hashlimit-htable-size', '256', '--hashlimit-htable-max', '1000000'],
		...['--hashlimit-htable-expire', '1000000000'],
	];
}
