/** Faults whose rules overlap, and rules that are not the lab's: a fate is either right, or it is unknown. */
import { expect, type Host, scenario } from '../index.ts';
import { IPTABLES } from '../lab/iptables.ts';

const LOST = { code: 'OBSERVER_LOST' };

/** Runs iptables, or ip6tables if peers use IPv6. */
async function iptables({ boot, ipVersion }: Host, ...words: string[]): Promise<void> {
	expect(await boot.machine.run([IPTABLES[ipVersion], ...words])).toMatchObject({ status: 0 });
}

async function connected(client: Host, server: Host) {
	const serverPeer = await server.nc({ listen: 8080 });
	return { serverPeer, clientPeer: await client.nc({ connect: server.port(8080) }) };
}

scenario('a fault without effect names the faults in front of it', {}, async ({ client, server, link, timeline }) => {
	const { clientPeer } = await connected(client, server);
	const below = await server.drop({ name: 'below', destinationPort: 8080 });
	const above = await server.drop({ name: 'above', destinationPort: 8080 });
	await clientPeer.type('one\n');
	await expect(timeline).toShowSegment('> P. 4 dropped by above');
	const cut = await link.cut({ name: 'cable' });
	// The retransmissions, the first after TCP_RTO_MIN of 0.2 s, are dropped by the cut, whose rules were inserted last.
	await expect(timeline).toShowSegment('> P. 4 dropped by cable');
	await expect(below.heal()).rejects.toMatchObject({
		code: 'FAULT_WITHOUT_EFFECT',
		seen: expect.stringMatching(
			/no packet matched it \(below\)\nin front of it was above \(.*\)\nin front of it was cable/,
		),
	});
	await cut.heal();
	await above.heal();
});

scenario(
	'a rule that is not the lab’s makes fates unknown while it exists, and is named',
	{},
	async ({ client, server, timeline }) => {
		const { clientPeer, serverPeer } = await connected(client, server);
		await timeline.context.flush();
		// It drops packets before the filter table, where the lab's rules are.
		const rule = [
			'PREROUTING',
			'-t',
			'mangle',
			'-p',
			'tcp',
			'--dport',
			'8080',
			'-m',
			'length',
			'--length',
			// An IPv6 header is 20 bytes longer.
			server.ipVersion === 'ipv6' ? '70:80' : '50:60',
			'-j',
			'DROP',
		];
		await iptables(server, '-A', ...rule);
		await clientPeer.type('there?\n');
		const failure = await expect(timeline)
			.toShowSegment('> P. 7')
			.catch((error: unknown) => error);
		expect(failure).toMatchObject({
			...LOST,
			seen: expect.stringContaining('-t mangle -A PREROUTING -p tcp -m tcp --dport 8080'),
		});
		// The fates of the server's segments are known, because they arrive at the client, which only has the lab's rules.
		await serverPeer.type('hello\n');
		await expect(timeline).toShowSegment('< P. 6');

		await iptables(server, '-D', ...rule);
		await timeline.context.flush();
		await clientPeer.type('again\n');
		await expect(timeline).toShowSegment('> P. 6');
		const losses = timeline.context.history.losses.map(({ observer, host, until }) => ({ observer, host, until }));
		expect(losses).toEqual([{ observer: 'rules', host: 'server', until: expect.any(Number) }]);
	},
);

scenario('a rule that drops every RST does not delay flushes', {}, async ({ client, server, timeline }) => {
	const { clientPeer } = await connected(client, server);
	const { clock } = timeline.context;
	await iptables(server, '-A', 'OUTPUT', '-p', 'tcp', '--tcp-flags', 'RST', 'RST', '-j', 'DROP');
	const since = clock.now();
	for (let flushes = 0; flushes < 5; flushes++) await timeline.context.flush();
	// The sentinel's connect would take two minutes if its answer is dropped (tcp_syn_retries is 6). Its SYN is enough.
	expect(clock.now() - since).toBeLessThan(60);
	expect(timeline.context.history.losses).toEqual([
		{ observer: 'rules', host: 'server', what: expect.stringContaining('RST -j DROP') },
	]);
	// The rule is about packets that leave, so fates of packets that arrive are known.
	await clientPeer.type('hello\n');
	await expect(timeline).toShowSegment('> P. 6');
});

scenario('a rule that drops sentinels is named, without a long wait', {}, async ({ client, server, timeline }) => {
	await connected(client, server);
	// Sentinels have IPv4 addresses, whatever the hosts have on the wire.
	await server.boot.machine.run(['iptables', '-A', 'OUTPUT', '-o', 'lo', '-j', 'DROP']);
	await expect(expect(timeline).toShowNoSegment('< R sent')).rejects.toMatchObject({
		...LOST,
		seen: expect.stringMatching(/reported no sentinel.*these rules .*-t filter -A OUTPUT -o lo -j DROP/),
	});
});
