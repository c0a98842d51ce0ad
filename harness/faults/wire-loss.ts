import { HalfopenError } from '../errors.ts';
import type { LabContext } from '../lab/context.ts';
import type { Wire } from '../lab/wire.ts';
import type { HostName } from '../timeline/events.ts';
import { type Fault, inject, withoutEffect } from './fault.ts';
import { nftMatch, parseWireMatch } from './nft-match.ts';
import { describeMatch, type SegmentChoice, type SegmentMatch, type SegmentProperties } from './segment-match.ts';
import { type LostOnWire, sendersOf, WireDropRules } from './wire-drop-rules.ts';

/** The options of faults of the wire. */
export interface WireFaultOptions {
	/** The name of the fault. By default it gets one. */
	readonly name?: string;
	/** Concerns only what this host sends. By default the fault concerns both directions. */
	readonly from?: HostName;
}

/** The segments that a fault of the wire concerns. Without any property, it concerns all packets, not only TCP. */
export type WireMatch = Omit<SegmentProperties, 'payload'>;

/** Which packets a loss concerns, and how many of them. At least one property is needed. */
export interface LossOptions extends WireFaultOptions, WireMatch, Omit<SegmentChoice, 'probability'> {
	/** Only a share of the packets, each by chance: above 0, up to 1. */
	readonly share?: number;
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
	return losePackets(new WireDropRules(wire, id, sendersOf(from), nftMatch(criteria, id)), context, {
		text: `the link is cut${concerned && ` for packets${concerned}`}`,
		// A link that is cut whole is cut, even if nobody sends. A match may be wrong.
		mayLoseNone: Object.keys(criteria).length === 0,
	});
}

/** Loses the packets that match, or a share of them. */
export function lose(wire: Wire, context: LabContext, options: LossOptions): Promise<Fault> {
	const { name, from, share, ...match } = options;
	const criteria = parseWireMatch({ ...match, ...(share !== undefined && { probability: share }) });
	if (Object.keys(criteria).length === 0) throw nothingChosen();
	const id = context.names.take('loss', name);
	const part = share === undefined ? '' : `${share * 100} % of the `;
	return losePackets(new WireDropRules(wire, id, sendersOf(from), nftMatch(criteria, id)), context, {
		text: `the link loses ${part}packets${concerns(from, match)}`,
		mayLoseNone: false,
	});
}

function nothingChosen(): HalfopenError {
	return new HalfopenError('OPTION_MISSING', {
		problem: 'link.loss needs to know which packets to lose.',
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

function losePackets(
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
