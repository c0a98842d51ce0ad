/** What does a program learn that connects to a port where nobody listens? */
import { expect, scenario, shortened, spanOf, synSchedule } from '../../harness/index.ts';

const WOKEN = 'POLLOUT|POLLERR|POLLHUP';

scenario(
	'refused: a RST answers the SYN',
	{
		question: 'Nobody listens on the port. What do a blocking connect and curl, which polls, see?',
		claims: ['QI6'],
	},
	async ({ client, server, timeline, claim }) => {
		const kang = await client.socket();
		const refused = kang.connect(server.port(8080));
		await expect(refused).toFailWith('ECONNREFUSED');
		await expect(client).toReport('ECONNREFUSED');
		// The RST comes from the port itself, and acknowledges the SYN (RFC 9293, 3.10.7.1). Nothing is tried again.
		await expect(timeline).toShowSegments('> S', '< R.');

		const curl = await client.curl({ connect: server.port(8080) });
		await expect(curl).toHaveEnded({ status: 7 });
		await expect(curl).toFail('connect', 'EINPROGRESS');
		await expect(timeline).toShowSegments('> S', '< R.', '> S', '< R.');
		const polled = curl.calls('poll').find(({ result }) => result?.includes(WOKEN));
		const told = timeline.errors('client').filter(({ source, peer }) => source === 'so_error' && peer === curl.name);

		const fromThePort = timeline.segments('server').every(({ flags, from }) => flags === 'R.' && from.port === 8080);
		const [syn] = timeline.segments('client');
		const [rst] = timeline.segments('server');
		const atOnce = (rst?.t ?? Number.NaN) - (syn?.t ?? Number.NaN) < 1;
		claim('QI6', fromThePort && atOnce && polled !== undefined && told[0]?.errno === 'ECONNREFUSED', {
			holds:
				'A stack without a listener answers with RST and ACK (tcp_v4_send_reset); in SYN-SENT that is ' +
				'ECONNREFUSED (tcp_reset), which a blocking connect returns, and which poll announces with POLLOUT, ' +
				'POLLERR and POLLHUP for SO_ERROR to tell.',
			differs: 'There was no RST from that port, or connect, poll or SO_ERROR told something else than a refusal.',
		});
		expect(polled).toBeDefined();
		expect(told.map(({ errno }) => errno)).toEqual(['ECONNREFUSED']);
		return (
			`connect fails with ${refused.event.errno} after ${((refused.event.took ?? 0) * 1_000).toFixed(1)} ms; ` +
			`curl’s poll gives ${polled?.result}, and SO_ERROR ${told[0]?.errno}.`
		);
	},
);

/** The default is 6 and takes two minutes; where that costs as much, 2 proves the formula that says so. */
const retries = shortened({ default: 6, to: 2 });

scenario(
	'refused: the RST is lost',
	{
		question: 'Nobody listens on the port, and a firewall eats the RST that says so. What does curl see, and when?',
		claims: ['QI7', 'QI7t'],
		sysctls: { tcp_syn_retries: retries },
	},
	async ({ client, server, timeline, claim }) => {
		const linear = timeline.sysctl('tcp_syn_linear_timeouts');
		const { retransmissionsMs, giveUpMs } = synSchedule({ retries, linear });
		await client.drop({ name: 'rst', tcpFlags: 'RST RST' });

		// Begun before curl is, which may take its time on a slow machine.
		const trying = expect(client).toHaveSocket(
			{ state: 'SYN-SENT', timer: 'on' },
			{ after: { atLeastMs: 0, atMostMs: 60_000 } },
		);
		const curl = await client.curl({ connect: server.port(8080) });
		await trying;
		await timeline.upToDate();
		const first = timeline.segments('client')[0]?.t ?? Number.NaN;
		await expect(curl).toHaveEnded({ status: 28 }, { after: spanOf(giveUpMs), since: first });
		await expect(timeline).toRetransmit('> S', retransmissionsMs);
		// Each SYN is answered, and no answer arrives.
		await expect(timeline).toRetransmit('< R. dropped by rst', retransmissionsMs);
		const polled = curl.calls('poll').find(({ result }) => result?.includes(WOKEN));
		const told = timeline.errors('client').filter(({ source, peer }) => source === 'so_error' && peer === curl.name);
		claim('QI7', timeline.segments('client').length > 1 && polled !== undefined && told[0]?.errno === 'ETIMEDOUT', {
			holds:
				'Without the RST the client cannot tell a closed port from a dead host: it repeats the SYN, and when it ' +
				'gives up (tcp_write_err) poll and SO_ERROR tell ETIMEDOUT.',
			differs: 'The SYN was not repeated, or poll and SO_ERROR told something else than ETIMEDOUT.',
		});
		expect(polled).toBeDefined();
		expect(told.map(({ errno }) => errno)).toEqual(['ETIMEDOUT']);

		const took = (told[0]?.t ?? Number.NaN) - first;
		const model = synSchedule({ retries: 6, linear }).giveUpMs / 1_000;
		const byDefault = retries === 6 ? took : model;
		claim('QI7t', took * 1_000 >= giveUpMs && Math.abs(byDefault - 30) < 5, {
			holds: `With tcp_syn_retries = ${retries} it took ${took.toFixed(1)} s; the default, 6, is about 30 s.`,
			differs:
				`With tcp_syn_retries = ${retries} it took ${took.toFixed(1)} s (tcp_write_timeout); the default, 6, is ` +
				`${model} s. The source’s 30 s come from a bug of stable 4.19 between 2019 and 2021: retransmits_timed_out ` +
				'modelled SYNs with TCP_RTO_MIN (since a41e8a88b06e, until 3256a2d6ab1f), so the turn of the timer at 31 s ' +
				'was the last.',
		});
		await expect(client).toReport('ETIMEDOUT');
		return (
			`curl’s poll gives ${polled?.result} and SO_ERROR ${told[0]?.errno} after ${took.toFixed(1)} s with ` +
			`tcp_syn_retries = ${retries} (the default, 6, is ${model} s): silence is all it sees.`
		);
	},
);
