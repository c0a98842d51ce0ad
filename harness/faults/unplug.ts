import type { Boot } from '../lab/boot.ts';
import type { LabContext } from '../lab/context.ts';
import { ip } from '../lab/ip.ts';
import { DEVICE, type Wire } from '../lab/wire.ts';
import { type HostName, otherHost } from '../timeline/events.ts';
import { type Fault, inject, runAll, undoAfter, withoutEffect } from './fault.ts';
import { type LostOnWire, WireDropRules } from './wire-drop-rules.ts';
import { describeLost } from './wire-loss.ts';

/** The host whose cable is unplugged. */
export interface UnpluggedHost {
	readonly name: HostName;
	readonly isOn: boolean;
	readonly boot: Boot;
}

/**
 * Unplugs the cable of a host at the wire: the carrier of its interface goes away. The other host is not notified.
 * Healing plugs it in again.
 *
 * Throws FAULT_WITHOUT_EFFECT if the cable is unplugged already.
 *
 * What the other host sends meanwhile is lost, because a bridge forwards nothing to a port that is down. The rules drop
 * it a step earlier, so that it is logged. A router is left to itself: it has no route then, and says so.
 */
export async function unplug(wire: Wire, host: UnpluggedHost, context: LabContext, name?: string): Promise<Fault> {
	const { history } = context;
	const text = `the cable of the ${host.name} is unplugged`;
	if (!wire.isPlugged(host.name)) throw withoutEffect(text, 'An earlier fault has unplugged it, and is not healed.');
	const id = context.names.take('unplug', name);
	const rules = new WireDropRules(wire, id, wire.isRouter ? [] : [otherHost(host.name)]);
	return inject(
		context,
		{ id, what: 'link', host: wire.name, text },
		{
			inject: async () => {
				await rules.insert();
				try {
					return { t: history.at(await wire.setPort(host.name, 'down')) };
				} catch (error) {
					throw await undoAfter(error, () => rules.remove());
				}
			},
			prove: () => carrierOf(host),
			heal: async () => {
				let removed: LostOnWire | undefined;
				await runAll(
					() => wire.setPort(host.name, 'up'),
					async () => {
						removed = await rules.remove();
					},
				);
				if (!removed) return {};
				const lost = wire.isRouter ? '' : `${describeLost(removed.lost)}; `;
				return { t: history.at(removed.t), proof: `${lost}${await carrierOf(host)}` };
			},
		},
	);
}

/**
 * Returns what the kernel of the host says. LOWER_UP is the carrier itself (netif_carrier_ok in dev_get_flags). `ip`
 * prints NO-CARRIER only if the interface is not RUNNING, and one that never had a carrier may be.
 */
async function carrierOf({ name, isOn, boot }: UnpluggedHost): Promise<string> {
	if (!isOn) return `the ${name} is off`;
	const { out } = await ip(boot.machine, [`link show ${DEVICE}`], '-json');
	const [{ flags }] = JSON.parse(out) as [{ flags: readonly string[] }];
	return `the ${name}’s interface has ${flags.includes('LOWER_UP') ? 'a carrier' : 'no carrier'}`;
}
