/**
 * What if something on the way drops every SYN that carries an option it does not like? Linux offers the options of its
 * sysctls in each SYN, also when it is sent again (tcp_syn_options). So a connection that would work without the option
 * never begins, and the client cannot tell this from a host that is off.
 */
import { expect, scenario, spanOf, synSchedule } from '../../harness/index.ts';

/** Each attempt takes seconds, instead of two minutes. */
const retries = 1;

scenario(
	'an option of the SYN is not let through',
	{
		question: 'A box drops SYNs with timestamps (RFC 7323). Does the client try without them?',
		sysctls: { tcp_syn_retries: retries },
	},
	async ({ client, server, link, timeline, step }) => {
		const listener = await (await server.socket()).listen(8080);
		const { retransmissionsMs, giveUpMs } = synSchedule({
			retries,
			linear: timeline.sysctl('tcp_syn_linear_timeouts'),
		});
		await link.cut({ name: 'box', tcpFlags: 'SYN SYN', option: 'TS' });

		const caller = await client.socket();
		const connect = caller.connect(server.port(8080));
		await expect(connect).toFailWith('ETIMEDOUT', { after: spanOf(giveUpMs) });
		await expect(timeline).toRetransmit('> S dropped by box', retransmissionsMs);
		const syns = timeline.segments('client').filter(({ flags }) => flags === 'S');
		expect(syns.filter(({ options }) => options?.timestamp === undefined)).toEqual([]);

		step('the client offers no timestamps');
		await client.sysctl({ tcp_timestamps: 0 });
		const other = await client.socket();
		await other.connect(server.port(8080));
		const reader = await listener.accept();
		await other.send('through');
		await expect(reader.recv()).toReturn(7);
		// An option that the client did not offer is not in the answer either (RFC 7323, 3.2; tcp_synack_options).
		expect(timeline.offered('server')).toEqual(['mss', 'sackOK', 'wscale']);
		return (
			`No: all ${syns.length} SYNs of the first attempt carry timestamps, and connect gives ETIMEDOUT. With ` +
			'tcp_timestamps = 0, the same box lets the client through.'
		);
	},
);
