import { HalfopenError } from '../errors.ts';
import type { LabContext } from '../lab/context.ts';
import type { Wire } from '../lab/wire.ts';
import type { HostName } from '../timeline/events.ts';
import { burstRules, type GilbertModel, gilbertModel } from './burst.ts';
import { type Fault, inject, withoutEffect } from './fault.ts';
import { nftMatch, parseWireMatch } from './nft-match.ts';
import { describeMatch, type SegmentChoice, type SegmentMatch, type SegmentProperties } from './segment-match.ts';
import { type LostOnWire, losing, sendersOf, WireDropRules } from './wire-drop-rules.ts';

/** The options of faults of the wire. */
export interface WireFaultOptions {
	/** The name of the fault. By default it gets one. */
	readonly name?: string;
	/** Concerns only what this host sends. By default the fault concerns both directions. */
	readonly from?: HostName;
}

/** The segments that a fault of the wire concerns. Without any property, it concerns all packets, not only TCP. */
export type WireMatch = Omit<SegmentProperties, 'payload'>;

/** Which packets a fault concerns, and how many of them. */
export interface PacketChoice extends WireFaultOptions, WireMatch, Omit<SegmentChoice, 'probability'> {
	/** Only a share of the packets, each by chance: above 0, up to 1. */
	readonly share?: number;
}

/** Which packets are lost. At least one property is needed. */
export interface LossOptions extends PacketChoice {
	/**
	 * The mean number of packets that are lost one after the other: their losses come in bursts. It needs `share`, and
	 * counts the packets of each direction that match.
	 */
	readonly burst?: number;
}

/**
 * Cuts the wire in the middle: neither host is notified, both interfaces stay up, and nothing that matches arrives any
 * more. Without a match, that is everything, ARP included. It stays cut when a host reboots.
 */
export function cutLink(wire: Wire, context: LabContext, options: WireFaultOptions & WireMatch): Promise<Fault> {
	const { name, from, ...match } = options;
	const criteria = parseWireMatch(match);
	const id = context.names.take('cut', name);
	const concerned = concerns(from, match);
	return losePackets(new WireDropRules(wire, id, sendersOf(from), losing(nftMatch(criteria, id))), context, {
		text: `the link is cut${concerned && ` for packets${concerned}`}`,
		// A link that is cut whole is cut, even if nobody sends. A match may be wrong.
		mayLoseNone: Object.keys(criteria).length === 0,
	});
}

/** Loses the packets that match, or a share of them. */
export function lose(wire: Wire, context: LabContext, options: LossOptions): Promise<Fault> {
	const { name, from, share, burst, ...match } = options;
	const criteria = parseWireMatch({ ...match, ...(share !== undefined && { probability: share }) });
	if (Object.keys(criteria).length === 0) throw nothingChosen();
	const model = burst === undefined ? undefined : burstsOf(options);
	const id = context.names.take('loss', name);
	const part = share === undefined ? '' : `${share * 100} % of the `;
	const what = model ? burstRules(nftMatch(parseWireMatch(match), id), model, id) : losing(nftMatch(criteria, id));
	return losePackets(new WireDropRules(wire, id, sendersOf(from), what), context, {
		text: `the link loses ${part}packets${concerns(from, match)}${burst === undefined ? '' : ` in bursts of ${burst}`}`,
		mayLoseNone: false,
	});
}

function burstsOf({ share, burst = 1, every, nth }: LossOptions): GilbertModel {
	if (share !== undefined && every === undefined && nth === undefined) return gilbertModel(share, burst);
	throw new HalfopenError('OPTION_INVALID', {
		problem: 'Only a share of the packets can be lost in bursts.',
		seen: Object.entries({ share, burst, every, nth })
			.map(([option, value]) => `${option}: ${value ?? '-'}`)
			.join(', '),
		remedy: 'Give `share` with `burst`, and neither `every` nor `nth`: `link.loss({ share: 0.05, burst: 4 })`.',
	});
}

function nothingChosen(): HalfopenError {
	return new HalfopenError('OPTION_MISSING', {
		problem: 'The fault link.loss needs to know which packets to lose.',
		remedy: 'Give a share, or what the packets have: `link.loss({ share: 0.05 })`. To lose all, use `link.cut()`.',
	});
}

/** The end of a description: which packets a fault concerns. */
export function concerns(from: HostName | undefined, match: SegmentMatch): string {
	const words = describeMatch(match);
	return `${direction(from)}${words && `: ${words}`}`;
}

/** The end of a description: whose packets a fault concerns. */
export const direction = (from: HostName | undefined) => (from ? ` that the ${from} sends` : '');

interface LossDescription {
	readonly text: string;
	/** Whether the fault has an effect even if no packet is lost. */
	readonly mayLoseNone: boolean;
}

/** Injects a fault whose rules lose packets. */
export function losePackets(
	rules: WireDropRules,
	context: LabContext,
	{ text, mayLoseNone }: LossDescription,
): Promise<Fault> {
	const { history } = context;
	return inject(
		context,
		{ id: rules.id, what: 'link', host: rules.at, text },
		{
			inject: async () => ({ t: history.at(await rules.insert()) }),
			heal: async () => {
				const removed = await rules.remove();
				if (!removed) return {};
				const { lost, t } = removed;
				if (!mayLoseNone && [...lost.values()].every((count) => count === 0))
					throw withoutEffect(text, `no packet was lost (${rules.id})`);
				return { t: history.at(t), proof: describeLost(lost) };
			},
		},
	);
}

/** Returns what was lost, in words. */
export const describeLost = (lost: LostOnWire['lost']): string =>
	`packets lost: ${[...lost].map(([host, count]) => `${count} to the ${host}`).join(', ')}`;
