/** Labs of each family of addresses, whichever family the run has. */
import { expect as check, test } from '@jest/globals';
import { PcapReader } from '../formats/pcap.ts';
import { expect } from '../matchers/expect.ts';
import { currentEngine } from '../run/current.ts';
import type { Family } from '../timeline/timeline-file.ts';
import { Lab } from './lab.ts';

/** A lab is ready in a second; a busy machine takes longer. */
const LIMIT_MS = 120_000;

/** Defines a test with a lab of this family. */
function testIn(family: Family, title: string, body: (lab: Lab) => Promise<void>): void {
	test(
		title,
		async () => {
			const lab = await Lab.create({ ...(await currentEngine()), family });
			try {
				await body(lab);
				await lab.end();
			} finally {
				await lab.destroy();
			}
		},
		LIMIT_MS,
	);
}

testIn('dual', 'dual: peers use IPv4 unless a spec says otherwise, and both are observed', async (lab) => {
	const { client, server, timeline } = lab;
	check(lab.facts).toMatchObject({
		family: 'dual',
		hosts: { client: { ip: client.address, ipv6: client.port(1, 'ipv6').address } },
	});
	// The socket is for IPv6 and IPv4, as in Node, Go and Java.
	const listener = await (await server.socket({ version: 'ipv6' })).listen(8080, { backlog: 2 });
	const overIpv4 = await client.nc({ connect: server.port(8080) });
	const mapped = await listener.accept();
	const overIpv6 = await client.nc({ connect: server.port(8080, 'ipv6') });
	const six = await listener.accept();
	await overIpv4.type('four\n');
	await overIpv6.type('sixth\n');
	await expect(mapped.recv()).toReturn(5);
	await expect(six.recv()).toReturn(6);

	// A mapped address is written as the IPv4 address that is on the wire (RFC 4291, 2.5.5.2), by every observer.
	const [own] = overIpv4.calls('connect').filter(({ socket }) => socket?.remote?.port === 8080);
	check(own?.socket).toMatchObject({ family: 'IPv4', remote: server.port(8080) });
	const [received] = timeline.calls('read').filter(({ name, returned }) => name === 'recv' && returned === 5);
	check(received?.socket).toMatchObject({ family: 'IPv6', local: server.port(8080) });
	check(received?.socket?.remote?.address).toBe(client.address);
	await timeline.upToDate();
	const lengths = (address: string) =>
		timeline.segments('client').flatMap(({ to, length }) => (to.address === address && length > 0 ? [length] : []));
	check(lengths(server.address)).toEqual([5]);
	check(lengths(server.port(1, 'ipv6').address)).toEqual([6]);
	const rows = (await server.sockets()).filter(({ state }) => state === 'ESTAB').map(({ local }) => local.address);
	check(rows.sort()).toEqual([server.address, server.port(1, 'ipv6').address].sort());
	if (lab.history.losses.length === 0) {
		const established = lab.history.of('state', 'server').filter(({ to }) => to === 'ESTAB');
		check(established.map(({ local }) => local.address)).toEqual([server.address, server.port(1, 'ipv6').address]);
	}

	// A fault without an address is for both.
	const lost = await server.drop({ name: 'lost', destinationPort: 8080 });
	await overIpv4.type('lost\n');
	await overIpv6.type('lost\n');
	await expect(overIpv4).toHaveReturned('write', 5);
	await timeline.upToDate();
	check(await lost.count()).toBeGreaterThanOrEqual(2);
	const dropped = timeline.segments('client').filter(({ fate, by }) => fate === 'dropped' && by === 'lost');
	check(new Set(dropped.map(({ to }) => to.address)).size).toBe(2);
	await lost.heal();
});

testIn('ipv6', 'ipv6: nothing on the wire but what peers send, until a neighbour is forgotten', async (lab) => {
	const { client, server, timeline } = lab;
	const listener = await (await server.socket()).listen(8080);
	const a = await client.socket();
	await a.connect(server.port(8080));
	await listener.accept();
	await timeline.upToDate();
	const others = () =>
		new PcapReader()
			.push(client.packets.bytes)
			.flatMap((packet) => (packet.kind === 'other' ? [packet.what] : []))
			.filter((what) => what.includes('neighbour') || what.includes('router') || what === 'arp');
	check(others()).toEqual([]);

	await client.forgetNeighbour();
	await a.send('hello');
	await expect(client).toHaveSocket({ state: 'ESTAB', sendQueue: 0 });
	await timeline.upToDate();
	// The address is asked for before the segment leaves (RFC 4861, 7.2.2).
	check(others().slice(0, 2)).toEqual(['neighbour-solicitation', 'neighbour-advertisement']);
	check((await client.sockets()).map(({ remote }) => remote)).toContainEqual(server.port(8080));
});

testIn('ipv6', 'ipv6: a foreign rule of ip6tables is noticed, and its losses are unknown', async (lab) => {
	const { server, timeline } = lab;
	await server.boot.machine.run(['ip6tables', '-A', 'INPUT', '-p', 'tcp', '--dport', '7', '-j', 'DROP']);
	await timeline.upToDate();
	check(lab.history.losses).toEqual([lossBy('ip6tables -t filter -A INPUT -p tcp -m tcp --dport 7 -j DROP')]);
	await server.boot.machine.run(['ip6tables', '-F', 'INPUT']);
});

/** A loss that names the rule. */
const lossBy = (rule: string) => check.objectContaining({ observer: 'rules', what: check.stringContaining(rule) });
