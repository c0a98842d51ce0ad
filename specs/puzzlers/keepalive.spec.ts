/**
 * How can a client that has nothing to send learn that its peer is dead? The server reboots, and later loses its power
 * for good. Without traffic the client never learns of either. Keepalive is the kernel's way to ask from time to time,
 * a heartbeat the application's. kodos is the server.
 */
import { expect, keepaliveTimeout, type Program, scenario, shortened } from '../../harness/index.ts';

/**
 * In seconds, and a count, as the sysctls are. The times must not be shorter than a slow machine's reboot, because the
 * new stack has to answer a probe.
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
/** A heartbeat has no default: the application chooses. The first interval must also be longer than a reboot. */
const [slowHeartbeatMs, heartbeatMs] = [10_000, 3_000];

/** When a read of the program failed, in seconds of the timeline. */
const failedAt = (program: Program) => program.calls('read').find(({ errno }) => errno !== undefined)?.t ?? Number.NaN;

scenario(
	'keepalive and heartbeat: dead peers are noticed without application data',
	{
		question:
			'After a reboot or a power-off, an idle client never learns that its peer is gone. What if the kernel, or the ' +
			'application, asks from time to time?',
		claims: ['PZ14'],
		needsIpv4: 'netcat-traditional has no IPv6',
		sysctls,
	},
	async ({ client, server, timeline, step, claim, measured }) => {
		await server.nc({ listen: 8080 });
		await server.echoServer({ listen: 9090 });
		const keptAlive = await client.ncTraditional({ connect: server.port(8080), keepalive: true });
		const withHeartbeat = await client.echoClient({ connect: server.port(9090), heartbeatMs: slowHeartbeatMs });
		await expect(client).toHaveSocket({ state: 'ESTAB', remotePort: 8080, timer: 'keepalive' });

		step('kodos reboots');
		const beforeReboot = timeline.lastReceived('client', 8080);
		await server.reboot();
		// The new stack answers the first probe, or the first heartbeat, with a RST. It may come at any time before
		// keepalive would give up.
		const beforeTheLimit = { after: { ...keepaliveTimeout(keepalive), atLeastMs: 0 } };
		await expect(keptAlive).toFail('read', 'ECONNRESET', beforeTheLimit);
		await expect(withHeartbeat).toPrint('ECONNRESET', beforeTheLimit);

		step('kodos is up again, and loses its power for good');
		await server.nc({ listen: 8080 });
		await server.echoServer({ listen: 9090 });
		const keptAliveAgain = await client.ncTraditional({ connect: server.port(8080), keepalive: true });
		const withHeartbeatAgain = await client.echoClient({ connect: server.port(9090), heartbeatMs });
		await server.powerOff();
		const beforePowerOff = timeline.lastReceived('client', 8080);
		// ss counts the unanswered probes. When all are used up, the kernel gives up with ETIMEDOUT (tcp_keepalive_timer).
		await expect(client).toHaveSocket(
			{ remotePort: 8080, timer: 'keepalive', timerCount: { atLeast: 1 } },
			{ after: keepaliveTimeout({ ...keepalive, probes: 0 }), since: beforePowerOff },
		);
		await expect(keptAliveAgain).toFail('read', 'ETIMEDOUT', {
			after: keepaliveTimeout(keepalive),
			since: beforePowerOff,
		});
		// The heartbeat notices it after three intervals, whatever the kernel does.
		await expect(withHeartbeatAgain).toPrint('no echo');
		const seconds = { reset: failedAt(keptAlive) - beforeReboot, timeout: failedAt(keptAliveAgain) - beforePowerOff };
		if (keepalive.time === 7_200) {
			measured('SO_KEEPALIVE and a rebooted peer, until ECONNRESET', seconds.reset);
			measured('SO_KEEPALIVE and a dead peer, until ETIMEDOUT', seconds.timeout);
		}
		claim(
			'PZ14',
			keptAlive.failed('read', 'ECONNRESET') &&
				keptAliveAgain.failed('read', 'ETIMEDOUT') &&
				[keptAlive, keptAliveAgain].every((program) => program.calls('write').length === 0) &&
				withHeartbeat.output.includes('ECONNRESET') &&
				withHeartbeatAgain.output.includes('no echo'),
			{
				holds:
					'After a reboot, probes without data are answered with a RST; after a power-off, they are not answered. In ' +
					`both cases read fails, and the program has written no byte: ${seconds.reset.toFixed(1)} s and ` +
					`${seconds.timeout.toFixed(1)} s after the last segment, with tcp_keepalive_time, intvl and probes of ` +
					`${Object.values(keepalive).join(', ')} (the defaults are 7200, 75, 9). A heartbeat notices both, too; it ` +
					'sends bytes of the application, but none of its data.',
				differs: 'Keepalive or the heartbeat did not notice it, or a program with keepalive wrote data.',
			},
		);
		return (
			`With keepalive, read gives ${keptAlive.results('read')} after the reboot and ` +
			`${keptAliveAgain.results('read')} after the power-off, and no byte was written. The program with the ` +
			`heartbeat prints: ${withHeartbeatAgain.output.match(/no echo.*/)?.[0]}.`
		);
	},
);
