/** The answers to rejected packets, and their effects on the sender. */
import { type Errno, expect, type RejectWith, retransmissionTimeout, scenario } from '../index.ts';

const retries2 = 3;

/**
 * For an established connection, an ICMP error is only a soft error: TCP stores it, continues, and reports it when it
 * gives up (RFC 5461; tcp_v4_err, icmp_err_convert).
 */
const SOFT_ERRORS: readonly (readonly [port: number, answer: RejectWith, errno: Errno, overIpv6?: Errno])[] = [
	[8001, 'icmp-host-unreachable', 'EHOSTUNREACH'],
	[8002, 'icmp-net-unreachable', 'ENETUNREACH'],
	[8003, 'icmp-port-unreachable', 'ECONNREFUSED'],
	// Not the same error over IPv6 (icmpv6_err_convert).
	[8004, 'icmp-admin-prohibited', 'EHOSTUNREACH', 'EACCES'],
];

scenario(
	'reject: a RST ends a connection at once, an ICMP message only after the last retransmission',
	{ sysctls: { tcp_retries2: retries2 } },
	async ({ client, server, timeline, step }) => {
		await server.nc({ listen: 8000 });
		const writer = await client.dnc({ connect: server.port(8000) });
		const reset = await server.reject({ name: 'reset', destinationPort: 8000, with: 'tcp-reset' });
		await writer.type('hello\n');
		await expect(writer).toHaveReturned('write', 6);
		await expect(writer).toFail('read', 'ECONNRESET');
		// The firewall answers with the server's address and the number that the segment acknowledged (nf_reject_ipv4, RFC
		// 9293, 3.10.7.1). The server's stack does not notice.
		await expect(timeline).toShowSegments('> S', '< S.', '> .', '> P. 6 dropped by reset', '< R forged');
		await expect(timeline).toShowNoSegment('< R sent');
		await expect(server).toHaveSocket({ state: 'ESTAB', localPort: 8000 });
		expect(await reset.count()).toBe(1);

		step('by ICMP');
		const rejected = await Promise.all(
			SOFT_ERRORS.map(async ([port, answer, overIpv4, overIpv6 = overIpv4]) => {
				await server.nc({ listen: port });
				const peer = await client.dnc({ connect: server.port(port) });
				const fault = await server.reject({ destinationPort: port, with: answer });
				return { peer, fault, errno: client.ipVersion === 'ipv6' ? overIpv6 : overIpv4 };
			}),
		);
		const typedAt = timeline.context.history.at(timeline.context.clock.now());
		await Promise.all(rejected.map(({ peer }) => peer.type('hello\n')));
		await Promise.all(
			rejected.map(async ({ peer, fault, errno }) => {
				await expect(peer).toFail('read', errno, { after: retransmissionTimeout({ retries2 }), since: typedAt });
				// The first transmission and at least the retransmissions of the formula. There are more with host and net
				// unreachable, which undo the backoff (RFC 6069).
				expect(await fault.count()).toBeGreaterThan(retries2);
				await fault.heal();
			}),
		);
		// Each RST and ICMP message has the firewall as its origin. The proof counts those that left, which are not all
		// (net/ipv4/icmp.c, icmpv4_xrlim_allow).
		const healed = timeline.context.history.of('fault', 'server').filter(({ phase }) => phase === 'healed');
		expect(healed).toHaveLength(SOFT_ERRORS.length);
		const left = timeline.icmp('server');
		expect(
			left.every(({ origin, quotes, fate }) => origin === 'firewall' && quotes?.seq === 1 && fate === 'delivered'),
		).toBe(true);
		for (const [port] of SOFT_ERRORS) {
			const count = left.filter(({ quotes }) => quotes?.to.port === port).length;
			const proof = healed.find(({ text }) => text.endsWith(`--dport ${port}`))?.proof;
			expect(proof).toMatch(new RegExp(`^rejected \\d+ packets; ${count} ICMP messages? left`));
		}
	},
);

scenario(
	'reject packets that leave: only the host’s own firewall answers',
	{},
	async ({ client, server, timeline }) => {
		const listener = await (await server.socket()).listen(8080);
		const a = await client.socket();
		await a.connect(server.port(8080));
		await listener.accept();
		const refused = await client.reject({
			name: 'refused',
			direction: 'out',
			with: 'tcp-reset',
			destinationPort: 8080,
		});
		await a.send('hello');
		await expect(a.recv()).toFailWith('ECONNRESET');
		await refused.heal();
		await expect(timeline).toShowNoSegment('< R sent');
		await expect(timeline).toShowSegments('> S', '< S.', '> .', '> P. 5 dropped by refused', '< R forged');
		const [reset] = timeline.loopback('client');
		expect(reset).toMatchObject({ flags: 'R', seq: 1, link: 'loopback', origin: 'firewall', host: 'client' });
		// The kernel logs packets that leave without a time (nfnetlink_log.c), and the log may be read after the answer was
		// captured. The dropped segment is still recorded before its answer, with a time that is not later.
		const [answered] = timeline.segments('client').filter(({ fate }) => fate === 'dropped');
		const events: readonly unknown[] = timeline.context.history.events;
		expect(events).toContain(answered);
		expect(events.indexOf(answered)).toBeLessThan(events.indexOf(reset));
		expect(answered?.t).toBeLessThanOrEqual(reset?.t ?? 0);
		expect(timeline.context.history.of('fault').at(-1)).toMatchObject({
			phase: 'healed',
			proof: 'rejected 1 packet; 1 RST left',
		});
	},
);

/** Retransmissions of 5 bytes until tcp_retries2. The backoff alone decides their times (RFC 6298, 5.5). */
scenario.each([
	// RFC 6069 (tcp_ld_RTO_revert): host and network unreachable undo the backoff, so there are more retransmissions in
	// the same time. Port unreachable does not, because it does not mean that the path is broken. Over IPv6, only “no
	// route” undoes it (tcp_v6_err).
	{ answer: 'icmp-net-unreachable', name: 'network-unreachable', errno: 'ENETUNREACH', undoes: ['ipv4', 'ipv6'] },
	{ answer: 'icmp-host-unreachable', name: 'host-unreachable', errno: 'EHOSTUNREACH', undoes: ['ipv4'] },
	{ answer: 'icmp-port-unreachable', name: 'port-unreachable', errno: 'ECONNREFUSED', undoes: [] },
] as const)(
	'the schedule with $name can be read from the timeline',
	{ sysctls: { tcp_retries2: 4, icmp_ratelimit: 0 } },
	async ({ client, server, timeline }, row) => {
		const listener = await (await server.socket()).listen(8080);
		const a = await client.socket();
		await a.connect(server.port(8080));
		await listener.accept();
		const refused = await server.reject({ name: 'refused', with: row.answer, destinationPort: 8080 });
		await a.send('hello');
		await expect(a.recv()).toFailWith(row.errno);
		await refused.heal();
		const sent = timeline.segments('client', 8080).filter(({ length }) => length === 5);
		const messages = timeline.icmp('server', row.name);
		await expect(timeline).toShowSegments(
			'> S',
			'< S.',
			'> .',
			'...',
			`> P. 5 dropped by refused`,
			`< icmp ${row.name}`,
			'...',
		);
		// Each message comes after the transmission that it quotes, and before the next one.
		expect(
			messages.every(
				({ t, quotes }) => quotes?.seq === 1 && sent.some((segment) => segment.t < t && t - segment.t < 0.1),
			),
		).toBe(true);
		// Without a message that undoes the backoff, the gap doubles. The timer wheel adds at most an eighth
		// (kernel/time/timer.c).
		const gaps = sent.slice(1).map(({ t }, index) => t - (sent[index]?.t ?? 0));
		const doubles = gaps.slice(1).filter((gap, index) => gap > 1.5 * (gaps[index] ?? 0)).length;
		expect(sent.length).toBeGreaterThan(4);
		// Without a limit (icmp(7), icmp_ratelimit), every transmission is answered. ICMPv6 has a limit of its own, of six
		// messages at once and four per second (icmpv6_xrlim_allow), which these do not reach.
		expect(messages).toHaveLength(sent.length);
		if ((row.undoes as readonly string[]).includes(client.ipVersion)) expect(doubles).toBeLessThan(gaps.length / 2);
		else expect(doubles).toBeGreaterThanOrEqual(gaps.length - 2);
	},
);
