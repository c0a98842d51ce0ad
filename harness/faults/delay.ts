import type { LabContext } from '../lab/context.ts';
import type { Wire } from '../lab/wire.ts';
import { type HostName, otherHost } from '../timeline/events.ts';
import { type Fault, inject, runAll, undoAfter, withoutEffect } from './fault.ts';
import { sendersOf } from './wire-drop-rules.ts';
import { direction, type WireFaultOptions } from './wire-loss.ts';

/** The options of a delay. */
export interface DelayOptions extends WireFaultOptions {
	/** How long each packet is delayed, in milliseconds. */
	readonly ms: number;
	/**
	 * The delay varies by up to so many milliseconds in both directions, evenly distributed. Packets may overtake each
	 * other then.
	 */
	readonly jitterMs?: number;
}

/**
 * Delays packets on the wire. Throws KERNEL_FEATURE_MISSING if the kernel has no sch_netem. Packets that are on their
 * way when the delay is healed still arrive late.
 */
export async function delayLink(wire: Wire, context: LabContext, options: DelayOptions): Promise<Fault> {
	const { ms, jitterMs = 0, name, from } = options;
	const { history } = context;
	const id = context.names.take('delay', name);
	const text = `the link delays packets${direction(from)} by ${ms} ms${jitterMs > 0 ? ` ± ${jitterMs} ms` : ''}`;
	const receivers = sendersOf(from).map(otherHost);
	if (receivers.some((to) => wire.isDelayed(to)))
		throw withoutEffect(text, 'An earlier fault delays packets in this direction, and is not healed.');
	const heal = () => runAll(...receivers.map((to) => () => wire.delay(to, undefined)));
	return inject(
		context,
		{ id, what: 'link', host: wire.name, text },
		{
			inject: async () => {
				history.coverage.allowDelay((ms + jitterMs) / 1_000);
				try {
					let t = 0;
					for (const to of receivers) t = await wire.delay(to, { ms, jitterMs });
					return { t: history.at(t) };
				} catch (error) {
					throw await undoAfter(error, heal);
				}
			},
			prove: async () => inWords(await settings(wire, receivers)),
			heal: async () => {
				if (!receivers.some((to) => wire.isDelayed(to))) return {};
				const before = await settings(wire, receivers);
				await heal();
				return { proof: before.map(({ to, packets }) => `packets delayed: ${packets} to the ${to}`).join(', ') };
			},
		},
	);
}

interface DelaySetting {
	readonly to: HostName;
	readonly packets: number;
	readonly seconds: number;
}

/** Returns what the kernel says about the queues of the hosts that are on. */
async function settings(wire: Wire, receivers: readonly HostName[]): Promise<DelaySetting[]> {
	const all = await Promise.all(receivers.map(async (to) => ({ to, queue: await wire.queue(to) })));
	return all.flatMap(({ to, queue }) =>
		queue ? [{ to, packets: queue.packets, seconds: queue.options.delay?.delay ?? 0 }] : [],
	);
}

const inWords = (all: readonly DelaySetting[]) =>
	all.length === 0
		? 'both hosts are off'
		: all.map(({ to, seconds }) => `netem delays by ${Math.round(seconds * 1e6) / 1e3} ms to the ${to}`).join(', ');
