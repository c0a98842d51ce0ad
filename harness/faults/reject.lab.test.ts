/** How a refused packet is answered, and what the sender makes of it. */
import { type Errno, expect, type RejectWith, retransmissionTimeout, scenario } from '../index.ts';

const retries2 = 3;

/**
 * An ICMP error is a hint to an established connection: TCP keeps it, goes on, and tells it when it gives up (RFC 5461;
 * tcp_v4_err, icmp_err_convert).
 */
const HINTS: readonly (readonly [port: number, answer: RejectWith, errno: Errno])[] = [
	[8001, 'icmp-host-unreachable', 'EHOSTUNREACH'],
	[8002, 'icmp-net-unreachable', 'ENETUNREACH'],
	[8003, 'icmp-port-unreachable', 'ECONNREFUSED'],
	[8004, 'icmp-admin-prohibited', 'EHOSTUNREACH'],
];

scenario(
	'reject: a RST is the end at once, ICMP only when the retries end',
	{ sysctls: { tcp_retries2: retries2 } },
	async ({ client, server, timeline, step }) => {
		await server.nc({ listen: 8000 });
		const kang = await client.dnc({ connect: server.port(8000) });
		const reset = await server.reject({ name: 'reset', destinationPort: 8000, with: 'tcp-reset' });
		await kang.type('hello\n');
		await expect(kang).toHaveReturned('write', 6);
		await expect(kang).toFail('read', 'ECONNRESET');
		// The firewall answers in the server's name with the number that the segment acknowledged (nf_reject_ipv4, RFC
		// 9293, 3.10.7.1); its stack knows nothing.
		await expect(timeline).toShowSegments('> S', '< S.', '> .', '> P. 6 dropped by reset', '< R forged');
		await expect(timeline).toShowNoSegment('< R sent');
		await expect(server).toHaveSocket({ state: 'ESTAB', localPort: 8000 });
		expect(await reset.count()).toBe(1);

		step('by ICMP');
		const hinted = await Promise.all(
			HINTS.map(async ([port, answer, errno]) => {
				await server.nc({ listen: port });
				const peer = await client.dnc({ connect: server.port(port) });
				const fault = await server.reject({ destinationPort: port, with: answer });
				return { peer, fault, errno };
			}),
		);
		const asked = timeline.context.history.at(timeline.context.clock.now());
		await Promise.all(hinted.map(({ peer }) => peer.type('hello\n')));
		await Promise.all(
			hinted.map(async ({ peer, fault, errno }) => {
				await expect(peer).toFail('read', errno, { after: retransmissionTimeout({ retries2 }), since: asked });
				// The first transmission and at least the retransmissions of the formula: host and net unreachable even undo
				// the backoff (RFC 6069).
				expect(await fault.count()).toBeGreaterThan(retries2);
				await fault.heal();
			}),
		);
		// Of each RST and ICMP message it is known that the firewall made it; the proof counts those that left
		// (net/ipv4/icmp.c, icmpv4_xrlim_allow: not all).
		const healed = timeline.context.history.of('fault', 'server').filter(({ phase }) => phase === 'healed');
		expect(healed).toHaveLength(HINTS.length);
		const left = timeline.icmp('server');
		expect(
			left.every(({ origin, quotes, fate }) => origin === 'firewall' && quotes?.seq === 1 && fate === 'delivered'),
		).toBe(true);
		for (const [port] of HINTS) {
			const told = left.filter(({ quotes }) => quotes?.to.port === port).length;
			const proof = healed.find(({ text }) => text.endsWith(`--dport ${port}`))?.proof;
			expect(proof).toMatch(new RegExp(`^rejected \\d+ packets; ${told} ICMP messages? left`));
		}
	},
);

scenario(
	'reject as packets leave: the host’s own firewall answers, and nobody else',
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
		// The kernel gives no time to what is logged as it leaves (nfnetlink_log.c), and the log is read later than the
		// answer was seen: it is told before its answer, and no later.
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

/** Retransmissions of 5 bytes: tcp_retries2 ends them, and only the backoff tells when (RFC 6298, 5.5). */
scenario.each([
	// RFC 6069 (tcp_ld_RTO_revert): host and network unreachable undo the backoff, so the same time has more
	// retransmissions. A port that is closed is no broken path.
	{ answer: 'icmp-host-unreachable', name: 'host-unreachable', undoesBackoff: true },
	{ answer: 'icmp-port-unreachable', name: 'port-unreachable', undoesBackoff: false },
] as const)(
	'the schedule under $name can be read from the history',
	{ sysctls: { tcp_retries2: 4, icmp_ratelimit: 0 } },
	async ({ client, server, timeline }, row) => {
		const listener = await (await server.socket()).listen(8080);
		const a = await client.socket();
		await a.connect(server.port(8080));
		await listener.accept();
		const refused = await server.reject({ name: 'refused', with: row.answer, destinationPort: 8080 });
		await a.send('hello');
		await expect(a.recv()).toFailWith(row.undoesBackoff ? 'EHOSTUNREACH' : 'ECONNREFUSED');
		await refused.heal();
		const sent = timeline.segments('client', 8080).filter(({ length }) => length === 5);
		const told = timeline.icmp('server').filter(({ name }) => name === row.name);
		await expect(timeline).toShowSegments(
			'> S',
			'< S.',
			'> .',
			'...',
			`> P. 5 dropped by refused`,
			`< icmp ${row.name}`,
			'...',
		);
		// Each message stands behind the transmission that it quotes, and before the next.
		expect(
			told.every(({ t, quotes }) => quotes?.seq === 1 && sent.some((segment) => segment.t < t && t - segment.t < 0.1)),
		).toBe(true);
		// Without a message that undoes it the time doubles; the timer wheel adds an eighth at most (kernel/time/timer.c).
		const gaps = sent.slice(1).map(({ t }, index) => t - (sent[index]?.t ?? 0));
		const doubles = gaps.slice(1).filter((gap, index) => gap > 1.5 * (gaps[index] ?? 0)).length;
		expect(sent.length).toBeGreaterThan(4);
		// Without a limit (icmp(7), icmp_ratelimit) every transmission is answered.
		expect(told).toHaveLength(sent.length);
		if (row.undoesBackoff) expect(doubles).toBeLessThan(gaps.length / 2);
		else expect(doubles).toBeGreaterThanOrEqual(gaps.length - 2);
	},
);
