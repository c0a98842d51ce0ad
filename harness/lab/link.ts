import { z } from 'zod';
import { corruptSegments } from '../faults/corrupt.ts';
import { type DelayOptions, delayLink } from '../faults/delay.ts';
import { duplicateSegments } from '../faults/duplicate.ts';
import type { Fault } from '../faults/fault.ts';
import { type HoldFault, type HoldOptions, holdPackets } from '../faults/hold.ts';
import { type InjectOptions, injectSegment } from '../faults/inject-segment.ts';
import { PARTS } from '../faults/nft-match.ts';
import { limitRate, type RateOptions } from '../faults/rate.ts';
import type { Relaying } from '../faults/relayed.ts';
import { type ReorderOptions, reorderSegments } from '../faults/reorder.ts';
import { choiceShape, segmentShape } from '../faults/segment-match.ts';
import { unplug } from '../faults/unplug.ts';
import {
	cutLink,
	type LossOptions,
	lose,
	type PacketChoice,
	type WireFaultOptions,
	type WireMatch,
} from '../faults/wire-loss.ts';
import { limitWireMtu, type WireMtuOptions } from '../faults/wire-mtu.ts';
import { INJECTED_FLAGS } from '../tcp/flags.ts';
import { HOST_NAMES, type HostName, type SegmentEvent } from '../timeline/events.ts';
import { checked, checkedName } from '../util/options.ts';
import type { LabContext } from './context.ts';
import type { NetworkEnd } from './family.ts';
import type { Host } from './host.ts';
import type { Wire } from './wire.ts';

const wireFaultSchema = z.strictObject({
	name: z.string().optional(),
	from: z.enum(HOST_NAMES).optional(),
});
// The faults refuse a payload with an error of their own.
const cutSchema = wireFaultSchema.extend(segmentShape);
const choiceSchema = cutSchema.extend({
	every: choiceShape.every,
	nth: choiceShape.nth,
	share: z
		.number()
		.min(1 / PARTS)
		.max(1)
		.optional(),
});
const lossSchema = choiceSchema.extend({ burst: z.number().min(1).max(PARTS).optional() });
const mtuSchema = wireFaultSchema.extend({ bytes: z.int().min(1).max(65_535), icmp: z.boolean() });
const delaySchema = wireFaultSchema.extend({
	ms: z.number().positive(),
	jitterMs: z.number().nonnegative().optional(),
});
const holdSchema = wireFaultSchema.extend(segmentShape).extend({ nth: choiceShape.nth });
const reorderSchema = choiceSchema.extend({
	by: z.int().min(1),
	atMostMs: z.number().positive().optional(),
});
/** The longest frame of a lab, so that a queue has room for one: an MTU of 1500 bytes, and the Ethernet header. */
const ONE_FRAME = 1_514;
const rateSchema = wireFaultSchema.extend({
	kbit: z.int().min(1).max(10_000_000),
	queueBytes: z.int().min(ONE_FRAME).max(1_000_000_000).optional(),
});
const port = z.int().min(1).max(65_535).optional();
const injectSchema = z.strictObject({
	to: z.enum(HOST_NAMES),
	flags: z.enum(INJECTED_FLAGS),
	seq: z.union([z.int(), z.enum(['exact', 'in window', 'out of window'])]),
	ack: z.int().optional(),
	data: z.string().max(1_400).optional(),
	clientPort: port,
	serverPort: port,
});
const unplugSchema = wireFaultSchema.pick({ name: true });

/** The wire between the hosts, and what can be broken about it. */
export class Link {
	readonly #wire: Wire;
	readonly #hosts: Readonly<Record<HostName, Host>>;
	readonly #context: LabContext;
	readonly #middle: Pick<NetworkEnd, 'addresses'>;

	/** Internal: the lab creates its link. `middle` has addresses of the block that no host has. */
	constructor(
		wire: Wire,
		hosts: Readonly<Record<HostName, Host>>,
		context: LabContext,
		middle: Pick<NetworkEnd, 'addresses'>,
	) {
		this.#middle = middle;
		this.#wire = wire;
		this.#hosts = hosts;
		this.#context = context;
	}

	/**
	 * Cuts the wire in the middle: nothing arrives any more, and neither host notices by itself. With `from`, only what
	 * that host sends is lost. With a match, only these segments are; then healing rejects with FAULT_WITHOUT_EFFECT if
	 * none was lost.
	 */
	async cut(options: WireFaultOptions & WireMatch = {}): Promise<Fault> {
		checked(cutSchema, options, 'link.cut');
		return cutLink(this.#wire, this.#context, options);
	}

	/**
	 * Loses packets: a share of them, each by chance (0.05 is 5 %), or those that match. With `from`, only those that this
	 * host sends. Healing rejects with FAULT_WITHOUT_EFFECT if none was lost.
	 */
	async loss(options: LossOptions): Promise<Fault> {
		checked(lossSchema, options, 'link.loss');
		return lose(this.#wire, this.#context, options);
	}

	/**
	 * Delays packets by `ms`, and with `jitterMs` by up to so much more or less. With `from`, only what that host sends.
	 * Rejects with KERNEL_FEATURE_MISSING if the kernel has no sch_netem.
	 */
	async delay(options: DelayOptions): Promise<Fault> {
		checked(delaySchema, options, 'link.delay');
		return delayLink(this.#wire, this.#context, options);
	}

	/**
	 * Keeps packets on the wire until they are released, or the fault is healed: two FINs that cross, a segment that
	 * another one overtakes. Without a match, it keeps all, ARP included. Healing rejects with FAULT_WITHOUT_EFFECT if it
	 * has kept none.
	 */
	async hold(options: HoldOptions = {}): Promise<HoldFault> {
		checked(holdSchema, options, 'link.hold');
		return holdPackets(this.#relaying('link.hold'), options);
	}

	/**
	 * Sends segments twice, or a share of them. Healing rejects with FAULT_WITHOUT_EFFECT if it has duplicated none, as
	 * for all faults of segments on the wire.
	 */
	async duplicate(options: PacketChoice = {}): Promise<Fault> {
		checked(choiceSchema, options, 'link.duplicate');
		return duplicateSegments(this.#relaying('link.duplicate'), options);
	}

	/** Lets the next `by` segments of its direction overtake a segment. It waits for them for `atMostMs`. */
	async reorder(options: ReorderOptions): Promise<Fault> {
		checked(reorderSchema, options, 'link.reorder');
		return reorderSegments(this.#relaying('link.reorder'), options);
	}

	/** Flips a bit of segments, or of a share of them. The receiver’s TCP discards them, because the checksum is wrong. */
	async corrupt(options: PacketChoice = {}): Promise<Fault> {
		checked(choiceSchema, options, 'link.corrupt');
		return corruptSegments(this.#relaying('link.corrupt'), options);
	}

	/** Limits the rate of each direction. What does not fit into the queue in front is lost. */
	async rate(options: RateOptions): Promise<Fault> {
		checked(rateSchema, options, 'link.rate');
		return limitRate(this.#relaying('link.rate'), options);
	}

	/**
	 * Loses packets that are longer and must not be fragmented: those of IPv4 with DF, and all of IPv6. With `icmp`, the
	 * wire tells the sender the MTU (path MTU discovery); without, it is a black hole. Healing rejects with
	 * FAULT_WITHOUT_EFFECT if it has lost none.
	 */
	async mtu(options: WireMtuOptions): Promise<Fault> {
		checked(mtuSchema, options, 'link.mtu');
		return limitWireMtu(this.#relaying('link.mtu'), options, this.#middle);
	}

	/**
	 * Sends a segment to a host from the wire, as a third party that knows the connection can. Returns it when the host’s
	 * capture has seen it. The timeline has it with `origin: 'injected'`.
	 */
	async inject(options: InjectOptions): Promise<SegmentEvent> {
		checked(injectSchema, options, 'link.inject');
		this.#wire.assertBridge('link.inject');
		return injectSegment(this.#wire, this.#context, this.#hosts, options);
	}

	/** What faults of the relay need. Throws NEEDS_BRIDGE if the wire is a router. */
	#relaying(what: string): Relaying {
		this.#wire.assertBridge(what);
		const longestSegments = () =>
			Object.values(this.#hosts).flatMap((host) => (host.isOn ? [host.boot.longestSegment] : []));
		return { wire: this.#wire, context: this.#context, longestSegments };
	}

	/**
	 * Pulls the cable of a host out of the wire: its kernel sees that the carrier is gone, the other’s does not. `heal`
	 * plugs it in again.
	 */
	async unplug(host: HostName, options: { readonly name?: string } = {}): Promise<Fault> {
		const { name } = checked(unplugSchema, options, 'link.unplug');
		return unplug(this.#wire, this.#hosts[checkedName(HOST_NAMES, host, 'link.unplug: a host')], this.#context, name);
	}
}
