/**
 * Rules that stand in each other's way, and rules that are not the lab's: what it says then is true, or it says that it
 * does not know.
 */
import { expect, type Host, scenario } from '../index.ts';

const LOST = { code: 'OBSERVER_LOST' };

async function iptables({ boot }: Host, ...words: string[]): Promise<void> {
	expect(await boot.machine.run(['iptables', ...words])).toMatchObject({ status: 0 });
}

async function connected(client: Host, server: Host) {
	const kodos = await server.nc({ listen: 8080 });
	return { kodos, kang: await client.nc({ connect: server.port(8080) }) };
}

scenario('a fault that another one overlays names it', {}, async ({ client, server, link, timeline }) => {
	const { kang } = await connected(client, server);
	const below = await server.drop({ name: 'below', destinationPort: 8080 });
	const above = await server.drop({ name: 'above', destinationPort: 8080 });
	await kang.type('one\n');
	await expect(timeline).toShowSegment('> P. 4 dropped by above');
	const cut = await link.cut({ name: 'cable' });
	// Retransmissions, the first after TCP_RTO_MIN of 0.2 s, meet the cut, which was made last.
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
	'a rule that is not the lab’s makes fates unknown while it is there, and is named',
	{},
	async ({ client, server, timeline }) => {
		const { kang, kodos } = await connected(client, server);
		await timeline.context.flush();
		// Dropped before the filter table, so that no rule of the lab would meet it.
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
			'50:60',
			'-j',
			'DROP',
		];
		await iptables(server, '-A', ...rule);
		await kang.type('there?\n');
		const failure = await expect(timeline)
			.toShowSegment('> P. 7')
			.catch((error: unknown) => error);
		expect(failure).toMatchObject({
			...LOST,
			seen: expect.stringContaining('-t mangle -A PREROUTING -p tcp -m tcp --dport 8080'),
		});
		// What the server sends arrives at a host whose rules are the lab's own.
		await kodos.type('hello\n');
		await expect(timeline).toShowSegment('< P. 6');

		await iptables(server, '-D', ...rule);
		await timeline.context.flush();
		await kang.type('again\n');
		await expect(timeline).toShowSegment('> P. 6');
		const losses = timeline.context.history.losses.map(({ observer, host, until }) => ({ observer, host, until }));
		expect(losses).toEqual([{ observer: 'rules', host: 'server', until: expect.any(Number) }]);
	},
);

scenario('a rule that drops every RST does not keep the lab waiting', {}, async ({ client, server, timeline }) => {
	const { kang } = await connected(client, server);
	const { clock } = timeline.context;
	await iptables(server, '-A', 'OUTPUT', '-p', 'tcp', '--tcp-flags', 'RST', 'RST', '-j', 'DROP');
	const since = clock.now();
	for (let flushes = 0; flushes < 5; flushes++) await timeline.context.flush();
	// A connection whose answer is dropped is tried for two minutes (tcp_syn_retries is 6); a sentinel’s SYN is enough.
	expect(clock.now() - since).toBeLessThan(60);
	expect(timeline.context.history.losses).toEqual([
		{ observer: 'rules', host: 'server', what: expect.stringContaining('RST -j DROP') },
	]);
	// What arrives meets no such rule.
	await kang.type('hello\n');
	await expect(timeline).toShowSegment('> P. 6');
});

scenario(
	'a rule that drops what the lab sees its observers by is named, and soon',
	{},
	async ({ client, server, timeline }) => {
		await connected(client, server);
		await iptables(server, '-A', 'OUTPUT', '-o', 'lo', '-j', 'DROP');
		await expect(expect(timeline).toShowNoSegment('< R sent')).rejects.toMatchObject({
			...LOST,
			seen: expect.stringMatching(/reported no sentinel.*these rules .*-t filter -A OUTPUT -o lo -j DROP/),
		});
	},
);
