/**
 * What can the client know, and when, if the server loses its power and never comes back? Nothing answers any more, not
 * even a RST. A write succeeds, because it only copies into the send buffer; the kernel retransmits and gives up after
 * a long time. kang is the client's program, kodos the server.
 */
import { expect, retransmissionTimeout, retransmissionTimeoutMs, scenario, shortened } from '../../harness/index.ts';

/** The default is 15 and takes a quarter of an hour. In real time, 5 is enough to test the formula. */
const retries2 = shortened({ default: 15, to: 5 });

scenario(
	'power-off: the peer never comes back',
	{
		question: 'kodos loses its power for good. kang writes. What does kang see, and when?',
		claims: ['PZ8', 'PZ8t', 'PZ9'],
		sysctls: { tcp_retries2: retries2 },
	},
	async ({ client, server, timeline, step, claim, measured }) => {
		await server.nc({ listen: 8080 });
		const kang = await client.dnc({ connect: server.port(8080) });

		await server.powerOff();
		await kang.type('kodos, are you there?\n');
		await expect(client).toHaveSocket({ state: 'ESTAB', sendQueue: 22, timer: 'on' });
		await expect(kang).toHaveReturned('write', 22);

		await expect(kang).toFail('read', 'ETIMEDOUT', { after: retransmissionTimeout({ retries2 }) });
		await expect(client).toHaveNoSocket();
		// A tail-loss probe (RFC 8985, 7.2; tcp_send_loss_probe), then as many retransmissions as tcp_retries2 says. Giving
		// up sends nothing.
		await expect(timeline).toShowSegments(
			'> S',
			'< S.',
			'> .',
			'> P. 22 unobserved',
			`${1 + retries2}x > P. 22 unobserved`,
		);
		claim('PZ8', kang.returned('write', 22) && kang.failed('read', 'ETIMEDOUT'), {
			holds:
				'write only copies into the send buffer. After the last retransmission the kernel sets ETIMEDOUT ' +
				'(tcp_write_err) and wakes poll.',
			differs: 'The write failed, or the read did not fail with ETIMEDOUT.',
		});
		const writtenAt = timeline.segments('client')[2]?.t ?? Number.NaN;
		const took = (kang.calls('read').find(({ errno }) => errno === 'ETIMEDOUT')?.t ?? Number.NaN) - writtenAt;
		if (retries2 === 15) measured('power off and one write, until ETIMEDOUT', took);
		const model = retransmissionTimeoutMs({ retries2: 15 }) / 1_000;
		const byDefault = retries2 === 15 ? took : model;
		// The claim says 5 minutes; half a minute more or less is allowed.
		claim('PZ8t', took * 1_000 >= retransmissionTimeoutMs({ retries2 }) && Math.abs(byDefault - 300) < 30, {
			holds: `With tcp_retries2 = ${retries2} it took ${took.toFixed(1)} s; the default, 15, means about five minutes.`,
			differs:
				`With tcp_retries2 = ${retries2} it took ${took.toFixed(1)} s. Linux turns this number into a time ` +
				`(tcp_model_timeout): the default, 15, means ${model} s. illumos gives up after five minutes.`,
		});

		step('kang continues');
		await kang.type('still there?\n');
		await expect(kang).toFail('write', 'EPIPE');
		await expect(kang).toHaveReturned('read', 0);
		const laterCalls = kang.afterFailing('read', 'ETIMEDOUT');
		claim(
			'PZ9',
			laterCalls.every(({ errno }) => errno === 'ETIMEDOUT'),
			{
				holds: 'Every operation after the timeout failed with ETIMEDOUT.',
				differs:
					'Only one call returns an error of a socket (sock_error clears it). After that read returns 0 and write ' +
					'fails with EPIPE.',
			},
		);
		return (
			`Its writes give ${kang.results('write')}. Nothing arrives for ${took.toFixed(1)} s with tcp_retries2 = ` +
			`${retries2} (the default, 15, means ${model} s); then its reads give ${kang.results('read')}.`
		);
	},
);

scenario(
	'power-off: the peer’s MAC is forgotten, too',
	{
		question:
			'kodos loses its power for good, and kang’s neighbour entry for kodos has expired. kang writes. Does it get a ' +
			'timeout?',
		sysctls: { tcp_retries2: retries2 },
	},
	async ({ client, server }) => {
		await server.nc({ listen: 8080 });
		const kang = await client.dnc({ connect: server.port(8080) });

		await server.powerOff();
		await client.forgetNeighbour();
		await kang.type('kodos, are you there?\n');
		await expect(kang).toHaveReturned('write', 22);
		// Nobody answers ARP, so the client's own stack reports "host unreachable" (ipv4_link_failure). TCP stores this as
		// a soft error, and returns it instead of ETIMEDOUT when the retransmissions end (tcp_write_err).
		await expect(kang).toFail('read', 'EHOSTUNREACH', { after: retransmissionTimeout({ retries2 }) });
		await expect(client).toReport('EHOSTUNREACH');
		return `No: it takes as long, but its reads give ${kang.results('read')}, because nobody answered ARP.`;
	},
);
