import type { Endpoint } from '../formats/types.ts';

/** The endpoints of packets in one direction. */
export interface Ends {
	readonly from: Endpoint;
	readonly to: Endpoint;
}

/** A connection that a router translates, as its connection tracking has it (conntrack(8)). */
export interface Translation {
	/** When the router began to translate it, in seconds since the epoch. */
	readonly since: number;
	/** The packets of the host that opened the connection, as that host sends them. */
	readonly original: Ends;
	/** The packets of the other host, as that host sends them. */
	readonly reply: Ends;
}

/** The endpoints of a packet on both sides of a router. */
export interface BothSides {
	/** As the sender sends it. */
	readonly sent: Ends;
	/** As the receiver gets it. */
	readonly arriving: Ends;
	/** The same for both directions of a connection, except for their order. */
	readonly common: Ends;
}

/**
 * How long after a connection’s first packet its entry may be reported, in seconds: the kernel makes the entry when the
 * packet leaves, and conntrack(8) takes the time when it reads the message.
 */
const LATENESS = 0.1;

/** What a router translates, by the endpoints of packets on either side. */
export class Translations {
	readonly #byEnds = new Map<string, { readonly since: number; readonly sides: BothSides }[]>();

	/** Returns whether the connection is really translated, i.e. whether packets look different on the two sides. */
	add({ since, original, reply }: Translation): boolean {
		const back = reversed(original);
		if (isSameEnds(reply, back)) return false;
		const there: BothSides = { sent: original, arriving: reversed(reply), common: original };
		const answer: BothSides = { sent: reply, arriving: back, common: back };
		for (const sides of [there, answer])
			for (const ends of [sides.sent, sides.arriving]) {
				const known = this.#byEnds.get(keyOf(ends)) ?? [];
				known.push({ since, sides });
				known.sort((one, other) => one.since - other.since);
				this.#byEnds.set(keyOf(ends), known);
			}
		return true;
	}

	/** Returns both sides of a packet with these endpoints at `t`, in seconds since the epoch. */
	sidesOf(ends: Ends, t: number): BothSides {
		const known = this.#byEnds.get(keyOf(ends));
		const latest = known?.findLast(({ since }) => since <= t + LATENESS) ?? known?.[0];
		return latest?.sides ?? { sent: ends, arriving: ends, common: ends };
	}
}

const keyOf = ({ from, to }: Ends) => `${from.address}:${from.port}>${to.address}:${to.port}`;
const reversed = ({ from, to }: Ends): Ends => ({ from: to, to: from });
export const isSameEnds = (one: Ends, other: Ends) => keyOf(one) === keyOf(other);
