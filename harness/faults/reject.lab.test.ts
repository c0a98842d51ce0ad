/** How a refused packet is answered, and what the sender makes of it. */
import { type Errno, expect, type RejectWith, retransmissionTimeout, scenario } from '../index.ts';

const retries2 = 3;

/** An ICMP error is a hint to an established connection: TCP keeps it, goes on, and tells it when it gives up (RFC 5461; tcp_v4_err, icmp_err_convert). */
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
		// The firewall answers in the server's name with the number that the segment acknowledged (nf_reject_ipv4, RFC 9293, 3.10.7.1); its stack knows nothing.
		await expect(timeline).toShowSegments('> S', '< S.', '> .', '> P. 6 dropped by reset', '< R forged');
		await expect(timeline).toShowNoSegment('< R');
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
				// The first transmission and at least the retransmissions of the formula: host and net unreachable even undo the backoff (RFC 6069).
				expect(await fault.count()).toBeGreaterThan(retries2);
				await fault.heal();
			}),
		);
	},
);
