/**
 * Offloads are off unless a scenario switches them on. So each captured packet is one segment, in the pcap and in the
 * timeline, on the wire and on loopback.
 */
import { PcapReader } from '../formats/pcap.ts';
import { expect, type Host, scenario } from '../index.ts';
import { DEVICE } from './wire.ts';

const MTU = 1_500;
/** loopback_setup, drivers/net/loopback.c. */
const LOOPBACK_MTU = 65_536;
/** The MTU minus the headers of IP and TCP and the timestamp option (RFC 9293, 3.7.1; RFC 7323, 3.2). */
const mssOf = ({ ipVersion }: Host) => MTU - (ipVersion === 'ipv6' ? 40 : 20) - 20 - 12;
const BYTES = 1_000_000;
/** The header of LINUX_SLL2 before each packet (tcpdump.org/linktypes/LINKTYPE_LINUX_SLL2.html). */
const COOKED_HEADER = 20;

/** Returns the length of the longest IP packet in the host's capture, on the wire and on loopback. */
function longest({ packets }: Host): { wire?: number; loopback?: number } {
	const lengths: { wire?: number; loopback?: number } = {};
	for (const packet of new PcapReader().push(packets.bytes)) {
		if (packet.kind !== 'segment') continue;
		const where = packet.loopback ? 'loopback' : 'wire';
		lengths[where] = Math.max(lengths[where] ?? 0, packet.record.originalLength - COOKED_HEADER);
	}
	return lengths;
}

/** Sends to a program that counts what it reads. */
async function send(from: Host, to: Host, port: number): Promise<void> {
	const receiving = await to.run([
		'sh',
		'-c',
		`nc.openbsd ${to.ipVersion === 'ipv6' ? '-6' : '-4'} -d -l ${port} | wc -c`,
	]);
	await expect(to).toHaveSocket({ state: 'LISTEN', localPort: port });
	await from.run(['sh', '-c', `head -c ${BYTES} /dev/zero | nc.openbsd -N ${to.address} ${port}`]);
	await expect(receiving).toPrint(`${BYTES}\n`);
}

/** Sends data from each host to the other, and then from the client to itself. */
async function transfer(client: Host, server: Host): Promise<void> {
	await send(client, server, 8080);
	await send(server, client, 8080);
	await send(client, client, 8081);
	await client.context.flush();
}

scenario(
	'offloads are off: no captured packet is longer than the MTU, also after a reboot',
	{},
	async ({ client, server, timeline }) => {
		await server.reboot();
		await transfer(client, server);
		expect(timeline.context.history.losses).toEqual([]);
		// Both hosts sent full segments, so a longer packet would have been captured, too.
		expect(longest(server)).toEqual({ wire: MTU });
		const { wire, loopback = 0 } = longest(client);
		expect(wire).toBe(MTU);
		expect(loopback).toBeGreaterThan(MTU);
		expect(loopback).toBeLessThanOrEqual(LOOPBACK_MTU);
		const onTheWire = timeline.segments().filter(({ link }) => link !== 'loopback');
		expect(Math.max(...onTheWire.map(({ length }) => length))).toBe(mssOf(client));
	},
);

scenario('offloads: true keeps the kernel’s default', { offloads: true }, async ({ client, server, timeline }) => {
	await server.reboot();
	await transfer(client, server);
	// Both hand several segments to their device at once (tcp_tso_autosize), and a veth does not split them.
	expect(longest(client).wire).toBeGreaterThan(MTU);
	expect(longest(server).wire).toBeGreaterThan(MTU);
	expect(timeline.context.history.losses).toEqual([]);
});

scenario(
	'an offload that something else switches on is noticed, and fates are unknown then',
	{},
	async ({ client, server, timeline }) => {
		await client.boot.machine.run(['ip', 'link', 'set', 'dev', DEVICE, 'gso_max_segs', '64']);
		await send(client, server, 8080);
		await client.context.flush();
		const { losses } = timeline.context.history;
		// Both captures saw packets of several segments: where they left and where they arrived.
		expect(new Set(losses.map(({ host, observer }) => `${host} ${observer}`))).toEqual(
			new Set(['client capture', 'server capture']),
		);
		expect(losses[0]?.what).toMatch(
			/^captured a packet of \d+ bytes, although the MTU is 1500: an offload was switched on/,
		);
	},
);
