import type { LabContext } from '../lab/context.ts';
import type { Wire } from '../lab/wire.ts';
import type { HostName } from '../timeline/events.ts';
import { type Fault, inject, withoutEffect } from './fault.ts';
import { type LostOnWire, sendersOf, WireDropRules } from './wire-drop-rules.ts';

/** The options of faults of the wire. */
export interface WireFaultOptions {
	/** The name of the fault. By default it gets one. */
	readonly name?: string;
	/** Concerns only what this host sends. By default the fault concerns both directions. */
	readonly from?: HostName;
}

/**
 * Cuts the wire in the middle: neither host is notified, both interfaces stay up, and nothing arrives any more, ARP
 * included. It stays cut when a host reboots.
 */
export function cutLink(wire: Wire, context: LabContext, { name, from }: WireFaultOptions): Promise<Fault> {
	const id = context.names.take('cut', name);
	return losePackets(new WireDropRules(wire, id, sendersOf(from)), context, {
		text: `the link is cut${direction(from)}`,
		mayLoseNone: true,
	});
}

/** The resolution of a share: one in a million. */
export const PARTS = 1_000_000;

/** Loses a share of the packets, each with this probability. */
export function loseShare(
	wire: Wire,
	context: LabContext,
	{ share, name, from }: WireFaultOptions & { readonly share: number },
): Promise<Fault> {
	const id = context.names.take('loss', name);
	const match = `numgen random mod ${PARTS} < ${Math.round(share * PARTS)}`;
	return losePackets(new WireDropRules(wire, id, sendersOf(from), match), context, {
		text: `the link loses ${share * 100} % of the packets${direction(from)}`,
		mayLoseNone: false,
	});
}

/** The end of a description: which packets it concerns. */
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
