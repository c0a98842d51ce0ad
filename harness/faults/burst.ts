import { HalfopenError } from '../errors.ts';
import { chance, type NftMatch } from './nft-match.ts';
import type { DropRule } from './wire-drop-rules.ts';

/** The probabilities of the Gilbert model: that a burst of losses begins with a packet, and that it is over. */
export interface GilbertModel {
	readonly begin: number;
	readonly end: number;
}

/**
 * Returns the model with a share of losses and a mean length of bursts, in packets (E. N. Gilbert, Capacity of a
 * Burst-Noise Channel, 1960; all packets of a burst are lost, and no others). The length is geometric, so its mean is
 * 1 / end. The share is that of the bad state: begin / (begin + end). Throws OPTION_INVALID if there is none.
 */
export function gilbertModel(share: number, burst: number): GilbertModel {
	const end = 1 / burst;
	const begin = (end * share) / (1 - share);
	if (begin <= 1) return { begin, end };
	throw new HalfopenError('OPTION_INVALID', {
		problem: `A share of ${share * 100} % of the packets cannot be lost in bursts of ${burst}.`,
		seen: 'Between two bursts, at least one packet passes.',
		remedy: `Give longer bursts, or a share of at most ${burst}/${burst + 1}.`,
	});
}

/**
 * Returns rules that lose packets in bursts. A set has the ports whose packets are lost at the moment, so each direction
 * has a state of its own. `id` is the name of the fault.
 */
export function burstRules(
	{ expression, sets }: NftMatch,
	{ begin, end }: GilbertModel,
	id: string,
): { readonly rules: readonly DropRule[]; readonly sets: NftMatch['sets'] } {
	const bad = `${id}-burst`;
	return {
		sets: [...sets, { name: bad, definition: '{ type ifname; flags dynamic; size 65535; }' }],
		rules: [
			{ expression: `${expression} iifname @${bad} ${chance(end)} delete @${bad} { iifname }`, passes: true },
			{ expression: `${expression} iifname @${bad}` },
			{ expression: `${expression} ${chance(begin)} add @${bad} { iifname }` },
		],
	};
}
