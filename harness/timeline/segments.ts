import type { CapturedSegment, Endpoint } from '../formats/types.ts';
import type { EventOf, HostName } from './events.ts';

/** One observer's word on one segment. */
export interface Sighting {
	/** Whose capture (`left`, `arrived`) or firewall (`dropped`) it was. */
	readonly host: HostName;
	readonly boot: number;
	readonly what: 'left' | 'arrived' | 'dropped';
	/** The fault that dropped it. */
	readonly by?: string;
	/** Times are seconds since the epoch. */
	readonly segment: CapturedSegment;
}

type Segment = EventOf<'segment'>;

/** What turns a host's own times and addresses into the history's. */
export interface Frame {
	/** Seconds since the epoch to seconds since the start. */
	at(epochSeconds: number): number;
	hostOf(address: string): HostName | undefined;
}

/**
 * One event for each segment on the wire, from what both captures and both firewalls saw. A segment is known by its addresses, numbers,
 * flags, length, IP identification and timestamp; where two are alike in all of these, first come is first served.
 */
export function joinSegments(sightings: readonly Sighting[], frame: Frame): Segment[] {
	const ordered = [...sightings].sort((a, b) => RANK[a.what] - RANK[b.what] || a.segment.t - b.segment.t);
	const drafts: Draft[] = [];
	const awaiting = new Map<string, Draft[]>();
	for (const sighting of ordered) {
		const draft = sighting.what === 'left' ? undefined : earliest(awaiting.get(identity(sighting.segment)), sighting.what);
		if (draft) {
			draft[sighting.what as 'arrived' | 'dropped'] = sighting;
			continue;
		}
		const made: Draft = { first: sighting, [sighting.what]: sighting };
		drafts.push(made);
		const key = identity(sighting.segment);
		awaiting.set(key, [...(awaiting.get(key) ?? []), made]);
	}
	drafts.sort((a, b) => a.first.segment.t - b.first.segment.t);
	const numbers = new Numbering();
	return drafts.map((draft) => finished(draft, numbers, frame));
}

/** Leaving comes before arriving, and a firewall comes behind a capture. */
const RANK = { left: 0, arrived: 1, dropped: 2 } as const;

interface Draft {
	readonly first: Sighting;
	left?: Sighting;
	arrived?: Sighting;
	dropped?: Sighting;
}

function earliest(candidates: Draft[] | undefined, what: Sighting['what']): Draft | undefined {
	return candidates?.find((draft) => (what === 'arrived' ? !draft.arrived : !draft.dropped));
}

function identity({ from, to, seq, ack, flags, length, ipId, options }: CapturedSegment): string {
	return [name(from), name(to), seq, ack, flags, length, ipId, options.timestamp?.value, options.timestamp?.echo].join(' ');
}

function name({ address, port }: Endpoint): string {
	return `${address}:${port}`;
}

function finished({ first, left, arrived, dropped }: Draft, numbers: Numbering, frame: Frame): Segment {
	const { t, from, to, flags, length, window, seq, ack } = first.segment;
	return {
		kind: 'segment',
		t: frame.at(t),
		host: frame.hostOf(from.address) ?? first.host,
		boot: first.boot,
		from,
		to,
		flags,
		...numbers.relative(first.segment),
		length,
		window,
		fate: dropped ? 'dropped' : arrived ? 'delivered' : 'unobserved',
		...(dropped?.by !== undefined && { by: dropped.by }),
		...(arrived && left && { arrived: frame.at(arrived.segment.t) }),
		absolute: { seq, ack },
	};
}

/** Sequence numbers as a reader wants them: counted from each side's SYN, or from the first number seen where there was none. */
class Numbering {
	readonly #firsts = new Map<string, number>();
	readonly #ends = new Map<string, number>();

	relative({ from, to, seq, ack, flags, length }: CapturedSegment): { seq: number; ack: number; retransmission: boolean } {
		const sender = `${name(from)}>${name(to)}`;
		const receiver = `${name(to)}>${name(from)}`;
		if (flags.includes('S') && this.#firsts.get(sender) !== seq) {
			this.#firsts.set(sender, seq);
			this.#ends.delete(sender);
		}
		// A RST that answers a SYN carries no number of its own (RFC 9293, 3.10.7.1), even where an earlier connection had some.
		const hasNone = flags.startsWith('R') && flags.includes('.') && seq === 0;
		const first = hasNone ? seq : (this.#firsts.get(sender) ?? seq);
		if (!flags.includes('R')) this.#firsts.set(sender, first);
		const relativeSeq = distance(first, seq);
		const space = length + (/[SF]/.test(flags) ? 1 : 0);
		const end = this.#ends.get(sender) ?? Number.NEGATIVE_INFINITY;
		if (space > 0) this.#ends.set(sender, Math.max(end, relativeSeq + space));
		const peerFirst = this.#firsts.get(receiver);
		return {
			seq: relativeSeq,
			ack: flags.includes('.') ? distance(peerFirst ?? ack, ack) : 0,
			retransmission: space > 0 && relativeSeq + space <= end,
		};
	}
}

/** How far `number` lies behind `first` on the circle of 2^32; what lies before it is negative. */
function distance(first: number, number: number): number {
	return (number - first) | 0;
}
