import type { JoinedPacket } from './joined-packet.ts';
import { Numbering, type Numbers } from './numbering.ts';
import { TimeOrderedList } from './time-ordered-list.ts';

/** The number of segments between two saved copies of the numbering, from which an update can continue. */
const CHECKPOINT_INTERVAL = 256;

/** All segments between two endpoints, of all their connections. */
export class EndpointPair {
	readonly inOrder = new TimeOrderedList<JoinedPacket>();
	/** Copies of the numbering before the segments 0, CHECKPOINT_INTERVAL, 2 * CHECKPOINT_INTERVAL, … */
	readonly #checkpoints: Numbering[];
	/** The numbering after the last segment. */
	#latest: Numbering;

	constructor(isSelfConnection: boolean) {
		this.#checkpoints = [new Numbering(isSelfConnection)];
		this.#latest = new Numbering(isSelfConnection);
	}

	add(joined: JoinedPacket): void {
		this.inOrder.add(joined);
	}

	update(): void {
		const before = this.inOrder.items.length;
		const from = this.inOrder.update();
		const { items } = this.inOrder;
		this.#checkpoints.length = Math.min(this.#checkpoints.length, Math.floor(from / CHECKPOINT_INTERVAL) + 1);
		const isAppended = from === before;
		let index = isAppended ? from : (this.#checkpoints.length - 1) * CHECKPOINT_INTERVAL;
		const numbering = isAppended ? this.#latest : (this.#checkpoints.at(-1) as Numbering).copy();
		for (; index < items.length; index++) {
			if (index > 0 && index % CHECKPOINT_INTERVAL === 0 && this.#checkpoints.length === index / CHECKPOINT_INTERVAL)
				this.#checkpoints.push(numbering.copy());
			number(items[index] as JoinedPacket, numbering);
		}
		this.#latest = numbering;
	}

	/** Returns the last segment until `t` that fulfils the condition. */
	lastBefore(t: number, isWanted: (joined: JoinedPacket) => boolean): JoinedPacket | undefined {
		return this.inOrder.items.findLast((joined) => joined.t <= t && isWanted(joined));
	}
}

/** Gives the next segment its numbers. If they differ from its earlier ones, its event must be made again. */
function number(joined: JoinedPacket, numbering: Numbering): void {
	const { flow, packet } = joined.group;
	if (!flow || packet.kind !== 'segment') return;
	const { numbers } = joined;
	// What was injected does not change what the hosts have sent.
	const now = (joined.isInjected ? numbering.copy() : numbering).next(flow.end, packet, !joined.stopped);
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
