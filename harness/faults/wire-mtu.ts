import { HalfopenError } from '../errors.ts';
import { addressBytes } from '../formats/address.ts';
import { type NetworkEnd, versionOf } from '../lab/family.ts';
import { logToRelay } from '../probes/relay.ts';
import type { Fault } from './fault.ts';
import { assertSingleSegments, type Relaying } from './relayed.ts';
import { LEAST_MTU } from './router-mtu.ts';
import { sendersOf, WireDropRules } from './wire-drop-rules.ts';
import { direction, losePackets, type WireFaultOptions } from './wire-loss.ts';

/** The options of a smaller MTU on the way. */
export interface WireMtuOptions extends WireFaultOptions {
	/** The longest IP packet that passes. */
	readonly bytes: number;
	/** Whether the wire tells the sender. If not, this is a black hole (RFC 2923, 2.1). */
	readonly icmp: boolean;
}

/**
 * Loses packets that are longer and must not be fragmented: those of IPv4 with DF, and all of IPv6. With `icmp`, the
 * relay answers them from the address of `middle`.
 */
export async function limitWireMtu(
	relaying: Relaying,
	options: WireMtuOptions,
	middle: Pick<NetworkEnd, 'addresses'>,
): Promise<Fault> {
	const { wire, context } = relaying;
	const { name, from, bytes, icmp } = options;
	const smallest = Math.max(...context.ipVersions.map((version) => LEAST_MTU[version]));
	if (bytes < smallest) throw tooSmall(bytes, smallest);
	const text = `the link’s MTU is ${bytes}${from ? ` for packets${direction(from)}` : ''}${icmp ? '' : ', and nobody says so'}`;
	assertSingleSegments(relaying, text);
	if (icmp) await wire.startRelay();
	const id = context.names.take('mtu', name);
	const addresses = (['ipv4', 'ipv6'] as const).map((version) => {
		const address = middle.addresses.find((one) => versionOf(one) === version);
		return address === undefined ? '-' : Buffer.from(addressBytes(address)).toString('hex');
	});
	const rules = new WireDropRules(wire, id, sendersOf(from), {
		// The flags and the offset of the fragment are 16 bits at the same place where IPv6 has other fields.
		rules: [
			{ expression: `meta length > ${bytes} meta protocol . @nh,48,16 { ip . 0x4000-0x7fff, ip6 . 0x0-0xffff }` },
		],
		sets: [],
		...(icmp && { also: (sender) => logToRelay(['mtu', sender, bytes, ...addresses, id].join(' ')) }),
	});
	return losePackets(rules, context, { text, mayLoseNone: false });
}

function tooSmall(bytes: number, smallest: number): HalfopenError {
	return new HalfopenError('OPTION_INVALID', {
		problem: `An MTU of ${bytes} bytes is too small for the wire.`,
		seen: `The smallest in this lab is ${smallest} (RFC 791, 3.1; RFC 8200, 5).`,
		remedy: `Give at least ${smallest} bytes.`,
	});
}
