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

/** While a router translated a connection, in seconds since the epoch. */
interface Period {
	readonly since: number;
	until: number;
	readonly sides: BothSides;
}

/** What a router translates, by the endpoints of packets on either side. */
export class Translations {
	readonly #byEnds = new Map<string, Period[]>();

	/** Returns whether this is news: the connection is really translated, and that was not known. */
	add({ since, original, reply }: Translation): boolean {
		const back = reversed(original);
		if (isSameEnds(reply, back)) return false;
		const there: BothSides = { sent: original, arriving: reversed(reply), common: original };
		let isNews = false;
		const answer: BothSides = { sent: reply, arriving: back, common: back };
		for (const sides of [there, answer])
			for (const ends of [sides.sent, sides.arriving]) {
				const known = this.#byEnds.get(keyOf(ends)) ?? [];
				if (known.some(({ until }) => until === Number.POSITIVE_INFINITY)) continue;
				isNews = true;
				known.push({ since, until: Number.POSITIVE_INFINITY, sides });
				known.sort((one, other) => one.since - other.since);
				this.#byEnds.set(keyOf(ends), known);
			}
		return isNews;
	}

	/** Returns both sides of a packet with these endpoints at `t`, in seconds since the epoch. */
	sidesOf(ends: Ends, t: number): BothSides {
		const known = this.#byEnds.get(keyOf(ends));
		const current = known?.findLast(({ since, until }) => since <= t + LATENESS && t < until);
		const [first] = known ?? [];
		// A report that is even later.
		const later = first && t < first.since ? first : undefined;
		return (current ?? later)?.sides ?? { sent: ends, arriving: ends, common: ends };
	}

	/** Records that a connection is not translated any more from `until` on, in seconds since the epoch. */
	end({ original, reply }: Omit<Translation, 'since'>, until: number): void {
		for (const ends of endsOf({ original, reply })) {
			const period = this.#byEnds.get(keyOf(ends))?.at(-1);
			if (period && period.since <= until) period.until = Math.min(period.until, until);
		}
	}
}

/** Returns the endpoints of the packets of a connection, in both directions and on both sides of the router. */
export const endsOf = ({ original, reply }: Omit<Translation, 'since'>): Ends[] => [
	original,
	reversed(reply),
	reply,
	reversed(original),
];

const keyOf = ({ from, to }: Ends) => `${from.address}:${from.port}>${to.address}:${to.port}`;
const reversed = ({ from, to }: Ends): Ends => ({ from: to, to: from });
export const isSameEnds = (one: Ends, other: Ends) => keyOf(one) === keyOf(other);
