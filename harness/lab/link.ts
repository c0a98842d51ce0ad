import { z } from 'zod';
import { type DelayOptions, delayLink } from '../faults/delay.ts';
import type { Fault } from '../faults/fault.ts';
import { PARTS } from '../faults/nft-match.ts';
import { choiceShape, segmentShape } from '../faults/segment-match.ts';
import { unplug } from '../faults/unplug.ts';
import { cutLink, type LossOptions, lose, type WireFaultOptions, type WireMatch } from '../faults/wire-loss.ts';
import { HOST_NAMES, type HostName } from '../timeline/events.ts';
import { checked, checkedName } from '../util/options.ts';
import type { LabContext } from './context.ts';
import type { Host } from './host.ts';
import type { Wire } from './wire.ts';

const wireFaultSchema = z.strictObject({
	name: z.string().optional(),
	from: z.enum(HOST_NAMES).optional(),
});
// The faults refuse a payload with an error of their own.
const cutSchema = wireFaultSchema.extend(segmentShape);
const lossSchema = cutSchema.extend({
	every: choiceShape.every,
	nth: choiceShape.nth,
	share: z
		.number()
		.min(1 / PARTS)
		.max(1)
		.optional(),
});
const delaySchema = wireFaultSchema.extend({
	ms: z.number().positive(),
	jitterMs: z.number().nonnegative().optional(),
});
const unplugSchema = wireFaultSchema.pick({ name: true });

/** The wire between the hosts, and what can be broken about it. */
export class Link {
	readonly #wire: Wire;
	readonly #hosts: Readonly<Record<HostName, Host>>;
	readonly #context: LabContext;

	/** Internal: the lab creates its link. */
	constructor(wire: Wire, hosts: Readonly<Record<HostName, Host>>, context: LabContext) {
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
	 * Pulls the cable of a host out of the wire: its kernel sees that the carrier is gone, the other’s does not. `heal`
	 * plugs it in again.
	 */
	async unplug(host: HostName, options: { readonly name?: string } = {}): Promise<Fault> {
		const { name } = checked(unplugSchema, options, 'link.unplug');
		return unplug(this.#wire, this.#hosts[checkedName(HOST_NAMES, host, 'link.unplug: a host')], this.#context, name);
	}
}
