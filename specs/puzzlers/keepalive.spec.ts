/** How can a client that has nothing to send learn that its peer is dead? */
import { expect, keepaliveTimeout, type Program, scenario, shortened } from '../../harness/index.ts';

/**
 * In seconds, as the sysctls are. Not so short that a slow machine’s reboot outlasts the probes: then nobody would be
 * there to answer.
 */
const keepalive = shortened({
	default: { time: 7_200, interval: 75, probes: 9 },
	to: { time: 6, interval: 3, probes: 9 },
});
const sysctls = {
	tcp_keepalive_time: keepalive.time,
	tcp_keepalive_intvl: keepalive.interval,
	tcp_keepalive_probes: keepalive.probes,
};
/** For these there is no default: the application chooses. The first, too, must last until the host is back. */
const [slowHeartbeatMs, heartbeatMs] = [10_000, 3_000];

/** When a program’s read told it of the end, in seconds of the history. */
const toldAt = (peer: Program) => peer.calls('read').find(({ errno }) => errno !== undefined)?.t ?? Number.NaN;

scenario(
	'keepalive and heartbeat: dead peers are noticed without application data',
	{
		question:
			'After a reboot or a power-off an idle client knows nothing for ever. What if the kernel, or the ' +
			'application, asks from time to time?',
		claims: ['PZ14'],
		sysctls,
	},
	async ({ client, server, timeline, step, claim, measured }) => {
		await server.nc({ listen: 8080 });
		await server.echoServer({ listen: 9090 });
		const kept = await client.ncTraditional({ connect: server.port(8080), keepalive: true });
		const beating = await client.echoClient({ connect: server.port(9090), heartbeatMs: slowHeartbeatMs });
		await expect(client).toHaveSocket({ state: 'ESTAB', remotePort: 8080, timer: 'keepalive' });

		step('kodos reboots');
		const beforeReboot = timeline.lastReceived('client', 8080);
		await server.reboot();
		// The new stack answers the first probe, or the first heartbeat, with a RST.
		const beforeGivingUp = { after: { ...keepaliveTimeout(keepalive), atLeastMs: 0 } };
		await expect(kept).toFail('read', 'ECONNRESET', beforeGivingUp);
		await expect(beating).toPrint('ECONNRESET', beforeGivingUp);

		step('again, and kodos is gone for good');
		await server.nc({ listen: 8080 });
		await server.echoServer({ listen: 9090 });
		const keptAgain = await client.ncTraditional({ connect: server.port(8080), keepalive: true });
		const beatingAgain = await client.echoClient({ connect: server.port(9090), heartbeatMs });
		await server.powerOff();
		const beforePowerOff = timeline.lastReceived('client', 8080);
		// The probes are counted by ss; when they are used up, the kernel gives up with ETIMEDOUT (tcp_keepalive_timer).
		await expect(client).toHaveSocket(
			{ remotePort: 8080, timer: 'keepalive', timerCount: { atLeast: 1 } },
			{ after: keepaliveTimeout({ ...keepalive, probes: 0 }), since: beforePowerOff },
		);
		await expect(keptAgain).toFail('read', 'ETIMEDOUT', { after: keepaliveTimeout(keepalive), since: beforePowerOff });
		// Noticed in a few heartbeats, whatever the kernel does.
		await expect(beatingAgain).toPrint('no echo');
		const seconds = { reset: toldAt(kept) - beforeReboot, timeout: toldAt(keptAgain) - beforePowerOff };
		if (keepalive.time === 7_200) {
			measured('SO_KEEPALIVE and a rebooted peer, until ECONNRESET', seconds.reset);
			measured('SO_KEEPALIVE and a dead peer, until ETIMEDOUT', seconds.timeout);
		}
		claim(
			'PZ14',
			kept.failed('read', 'ECONNRESET') &&
				keptAgain.failed('read', 'ETIMEDOUT') &&
				[kept, keptAgain].every((peer) => peer.calls('write').length === 0) &&
				beating.output.includes('ECONNRESET') &&
				beatingAgain.output.includes('no echo'),
			{
				holds:
					'Probes without data are answered by a RST after a reboot, and by nothing after a power-off; either way ' +
					`read fails, and the program wrote no byte: ${seconds.reset.toFixed(1)} s and ` +
					`${seconds.timeout.toFixed(1)} s after the last segment, with tcp_keepalive_time, intvl and probes of ` +
					`${Object.values(keepalive).join(', ')}; the defaults are 7200, 75, 9. A heartbeat tells both, too; it ` +
					'is bytes of the application’s, but none of its data.',
				differs: 'Keepalive or the heartbeat did not tell, or who has keepalive wrote data.',
			},
		);
		return (
			`With keepalive, read gives ${kept.results('read')} after the reboot and ${keptAgain.results('read')} after ` +
			'the power-off, and not a byte was written. The heartbeat says: ' +
			`${beatingAgain.output.match(/no echo.*/)?.[0]}.`
		);
	},
);
