/** Offloads are off unless a scenario wants them: each captured packet is one segment, in the pcap and in the timeline, on the wire and on loopback. */
import { PcapReader } from './formats/pcap.ts';
import { expect, type Host, scenario } from './index.ts';

const MTU = 1_500;
/** loopback_setup, drivers/net/loopback.c. */
const LOOPBACK_MTU = 65_536;
/** MTU without the headers of IPv4 and TCP and the timestamps of each segment (RFC 9293, 3.7.1; RFC 7323, 3.2). */
const MSS = MTU - 20 - 20 - 12;
const BYTES = 1_000_000;
/** 20 bytes of LINUX_SLL2 stand before each packet; its interface stands at the fourth (tcpdump.org/linktypes/LINKTYPE_LINUX_SLL2.html). */
const COOKED_HEADER = 20;

/** The length of the longest IP packet in the host's capture, by interface. */
function longest({ packets }: Host): ReadonlyMap<'lo' | 'wire', number> {
	const lengths = new Map<'lo' | 'wire', number>();
	for (const packet of new PcapReader().push(packets.bytes)) {
		if (packet.kind !== 'segment') continue;
		const { bytes, originalLength } = packet.record;
		// The loopback's index is 1 in each network namespace (LOOPBACK_IFINDEX, include/net/flow.h).
		const device = new DataView(bytes.buffer, bytes.byteOffset).getUint32(4) === 1 ? 'lo' : 'wire';
		lengths.set(device, Math.max(lengths.get(device) ?? 0, originalLength - COOKED_HEADER));
	}
	return lengths;
}

/** Sends to a program that counts what it reads. */
async function send(from: Host, to: Host, port: number): Promise<void> {
	const receiving = await to.run(['sh', '-c', `nc.openbsd -d -l ${port} | wc -c`]);
	await expect(to).toHaveSocket({ state: 'LISTEN', localPort: port });
	await from.run(['sh', '-c', `head -c ${BYTES} /dev/zero | nc.openbsd -N ${to.address} ${port}`]);
	await expect(receiving).toPrint(`${BYTES}\n`);
}

/** Each side sends to the other, and then the client to itself. */
async function transfer(client: Host, server: Host): Promise<void> {
	await send(client, server, 8080);
	await send(server, client, 8080);
	await send(client, client, 8081);
	await client.context.flush();
}

scenario('offloads are off: no captured packet is longer than the MTU, also after a reboot', {}, async ({ client, server, timeline }) => {
	await server.reboot();
	await transfer(client, server);
	expect(timeline.context.history.losses).toEqual([]);
	// Full segments left both hosts: what is longer would have been seen, too.
	expect(Object.fromEntries(longest(server))).toEqual({ wire: MTU });
	const { wire = 0, lo = 0 } = Object.fromEntries(longest(client));
	expect(wire).toBe(MTU);
	expect(lo).toBeGreaterThan(MTU);
	expect(lo).toBeLessThanOrEqual(LOOPBACK_MTU);
	const lengths = timeline.segments().map(({ length }) => length);
	expect(Math.max(...lengths.filter((length) => length <= MTU))).toBe(MSS);
});

scenario('offloads: true leaves hosts as their kernels are', { offloads: true }, async ({ client, server }) => {
	await server.reboot();
	await transfer(client, server);
	// Both hand several segments to their device at once (tcp_tso_autosize), and nothing cuts them on a veth.
	expect(longest(client).get('wire')).toBeGreaterThan(MTU);
	expect(longest(server).get('wire')).toBeGreaterThan(MTU);
});
