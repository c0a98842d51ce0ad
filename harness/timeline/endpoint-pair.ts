import type { JoinedPacket } from './joined-packet.ts';
import { Numbering, type Numbers } from './numbering.ts';
import { TimeOrderedList } from './time-ordered-list.ts';

/** From so many segments of a connection to the next the numbers are kept, to go on from there. */
const BETWEEN_CHECKPOINTS = 256;

/** All segments between two endpoints, of all connections that they had. */
export class EndpointPair {
	readonly inOrder = new TimeOrderedList<JoinedPacket>();
	/** The numbers before every so manieth segment. */
	readonly #checkpoints: Numbering[];
	/** The numbers behind the last segment. */
	#tip: Numbering;

	constructor(isWithItself: boolean) {
		this.#checkpoints = [new Numbering(isWithItself)];
		this.#tip = new Numbering(isWithItself);
	}

	add(joined: JoinedPacket): void {
		this.inOrder.add(joined);
	}

	update(): void {
		const before = this.inOrder.items.length;
		const from = this.inOrder.update();
		const { items } = this.inOrder;
		this.#checkpoints.length = Math.min(this.#checkpoints.length, Math.floor(from / BETWEEN_CHECKPOINTS) + 1);
		const isBehindAll = from === before;
		let at = isBehindAll ? from : (this.#checkpoints.length - 1) * BETWEEN_CHECKPOINTS;
		const numbering = isBehindAll ? this.#tip : (this.#checkpoints.at(-1) as Numbering).copy();
		for (; at < items.length; at++) {
			if (at > 0 && at % BETWEEN_CHECKPOINTS === 0 && this.#checkpoints.length === at / BETWEEN_CHECKPOINTS)
				this.#checkpoints.push(numbering.copy());
			number(items[at] as JoinedPacket, numbering);
		}
		this.#tip = numbering;
	}

	/** The last segment of some kind that is not later than that. */
	lastBefore(t: number, isWanted: (joined: JoinedPacket) => boolean): JoinedPacket | undefined {
		return this.inOrder.items.findLast((joined) => joined.t <= t && isWanted(joined));
	}
}

function number(joined: JoinedPacket, numbering: Numbering): void {
	const { flow, packet } = joined.group;
	if (!flow || packet.kind !== 'segment') return;
	const { numbers } = joined;
	const now = numbering.next(flow.end, packet, !joined.stopped);
	if (
		numbers &&
		numbers.seq === now.seq &&
		numbers.ack === now.ack &&
		numbers.retransmission === now.retransmission &&
		isSameSack(numbers, now)
	)
		return;
	joined.numbers = now;
	joined.event = undefined;
}

function isSameSack({ sack }: Numbers, now: Numbers): boolean {
	return (
		sack === now.sack ||
		(sack?.length === now.sack?.length && !!sack?.every(({ from }, index) => from === now.sack?.[index]?.from))
	);
}
