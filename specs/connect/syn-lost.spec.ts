/** How often, and for how long, does connect try to reach a host that does not answer? */
import { expect, scenario, shortened, spanOf, synSchedule } from '../../harness/index.ts';

const sourcesBug =
	'a bug of stable 4.19 between 2019 and 2021, as it suspected. retransmits_timed_out modelled SYNs with ' +
	'TCP_RTO_MIN (since a41e8a88b06e, until 3256a2d6ab1f).';

/** For a look at a timer between two of its turns, on a busy machine. */
const LONG_ENOUGH_MS = 4_000;

/** The default of tcp_syn_retries is 6 and takes more than two minutes. */
const attempts = [
	{ attempts: 'few retries', setting: 'tcp_syn_retries', retries: 1, claims: [] },
	{
		attempts: 'many retries',
		setting: 'tcp_syn_retries',
		retries: shortened({ default: 6, to: 3 }),
		claims: ['KH-syn1'],
	},
	{ attempts: 'TCP_SYNCNT', setting: 'TCP_SYNCNT', retries: 2, claims: [] },
] as const;

scenario.each(attempts)(
	'SYN lost: $attempts',
	({ setting, retries, claims }) => ({
		question:
			`Every SYN is lost. When does the kernel send it again, and when does it give up, with ${setting} = ` +
			`${retries}?`,
		claims,
		...(setting === 'tcp_syn_retries' && { sysctls: { tcp_syn_retries: retries } }),
	}),
	async ({ client, server, timeline, claim, measured }, { setting, retries, claims }) => {
		// Since 6.5 the first gaps do not double, and these retransmissions come on top.
		const linear = timeline.sysctl('tcp_syn_linear_timeouts');
		const { retransmissionsMs, giveUpMs } = synSchedule({ retries, linear });
		await server.drop({ name: 'syn', tcpFlags: 'SYN,ACK SYN' });

		const kang = await client.socket();
		if (setting === 'TCP_SYNCNT') await kang.setOption('TCP_SYNCNT', retries);
		const lastsLong = giveUpMs >= 2 * LONG_ENOUGH_MS;
		const trying = lastsLong
			? expect(client).toHaveSocket({ state: 'SYN-SENT', sendQueue: 1, timer: 'on' })
			: undefined;
		const connect = kang.connect(server.port(8080));
		await trying;
		const last = retransmissionsMs.at(-1) ?? 0;
		if (giveUpMs - last >= LONG_ENOUGH_MS) {
			// The number that ss shows behind the timer is that of the retransmissions.
			await expect(client).toHaveSocket(
				{ state: 'SYN-SENT', timer: 'on', timerCount: retransmissionsMs.length },
				{ after: spanOf(last) },
			);
		}
		await expect(connect).toFailWith('ETIMEDOUT', { after: spanOf(giveUpMs) });
		await expect(timeline).toRetransmit('> S dropped by syn', retransmissionsMs);
		// Giving up sends nothing.
		await expect(timeline).toShowSegments(`${1 + retransmissionsMs.length}x > S dropped by syn`);
		await expect(client).toHaveNoSocket();

		const took = connect.event.took ?? Number.NaN;
		const again = timeline.segments('client').slice(1);
		if (claims.length > 0) {
			if (retries === 6) measured('SYN dropped, until ETIMEDOUT', took);
			const schedule = synSchedule({ retries: 6, linear });
			const model = { times: schedule.retransmissionsMs.length, seconds: schedule.giveUpMs / 1_000 };
			const byDefault = retries === 6 ? { times: again.length, seconds: took } : model;
			const seen =
				`With tcp_syn_retries = ${retries} the SYN was sent again ${again.length} times, and connect gave up after ` +
				`${took.toFixed(1)} s; the default, 6, is ${model.times} times and ${model.seconds} s`;
			const onTop =
				linear === undefined
					? ''
					: `: since 6.5 tcp_syn_linear_timeouts (${linear} here) come on top (tcp_write_timeout)`;
			claim('KH-syn1', took * 1_000 >= giveUpMs && byDefault.times === 6 && Math.abs(byDefault.seconds - 130) <= 4, {
				holds: `${seen}. The source’s 4 retries in 31 s: ${sourcesBug}`,
				differs: `${seen}${onTop}. The source’s 4 retries in 31 s: ${sourcesBug}`,
			});
		}
		const seconds = again.map(({ t }) => (t - (timeline.segments('client')[0]?.t ?? 0)).toFixed(1));
		return (
			`It is sent again after ${seconds.join(', ')} s; connect fails with ${connect.event.errno} after ` +
			`${took.toFixed(1)} s.`
		);
	},
);

/**
 * The first lies well between two retransmissions, with linear timeouts and without; the second before the first of
 * them.
 */
const userTimeouts = [{ userTimeoutMs: 9_000 }, { userTimeoutMs: 300 }] as const;

scenario.each(userTimeouts)(
	'SYN lost: TCP_USER_TIMEOUT = $userTimeoutMs',
	({ userTimeoutMs }) => ({
		question:
			`Every SYN is lost, and the program has set TCP_USER_TIMEOUT to ${userTimeoutMs} ms. When does connect give ` +
			'up?',
		claims: userTimeoutMs === 9_000 ? ['KH-syn2'] : [],
	}),
	async ({ client, server, timeline, claim }, { userTimeoutMs }) => {
		const retries = timeline.sysctl('tcp_syn_retries') ?? Number.NaN;
		const linear = timeline.sysctl('tcp_syn_linear_timeouts');
		const { retransmissionsMs, giveUpMs } = synSchedule({ retries, linear, userTimeoutMs });
		await server.drop({ name: 'syn', tcpFlags: 'SYN,ACK SYN' });

		const kang = await client.socket();
		await kang.setOption('TCP_USER_TIMEOUT', userTimeoutMs);
		const connect = kang.connect(server.port(8080));
		await expect(connect).toFailWith('ETIMEDOUT', { after: spanOf(giveUpMs) });
		await expect(timeline).toRetransmit('> S dropped by syn', retransmissionsMs);

		const took = (connect.event.took ?? Number.NaN) * 1_000;
		const next = synSchedule({ retries, linear }).retransmissionsMs.find((ms) => ms > userTimeoutMs) ?? Number.NaN;
		// Where the kernel tells when it gave up, how late the program was woken is left out.
		const [syn] = timeline.segments('client');
		const report = timeline.errors('client').find(({ source }) => source === 'kernel');
		const gaveUp = report && syn ? (report.t - syn.t) * 1_000 : took;
		if (userTimeoutMs === 9_000) {
			claim('KH-syn2', took >= userTimeoutMs && gaveUp < next, {
				holds:
					`connect failed after ${took.toFixed(0)} ms, where the next retransmission was due at ${next} ms: the ` +
					'timer is cut to what is left of TCP_USER_TIMEOUT (tcp_clamp_rto_to_user_timeout). Only before the first ' +
					'retransmission it is not looked at.',
				differs: 'connect did not end with TCP_USER_TIMEOUT, but earlier, or at the next retransmission.',
			});
			expect(gaveUp).toBeLessThan(next);
		}
		return (
			`After ${took.toFixed(0)} ms, with ${connect.event.errno}. The SYN was sent ` +
			`${timeline.segments('client').length} times.`
		);
	},
);
