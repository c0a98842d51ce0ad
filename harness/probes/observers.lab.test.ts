/** OBSERVER_LOST: an observer is killed or stopped during a scenario. */
import type { Agent } from '../agent/agent.ts';
import { expect, type Host, scenario, type Timeline } from '../index.ts';

/**
 * Signals the processes of this machine whose command line begins with $1, and prints their pids. On Docker the
 * machines of a run share a PID namespace, so those of other networks are left out.
 */
const SIGNAL = `for process in /proc/[0-9]*
	do [[ $process/ns/net -ef /proc/self/ns/net ]] || continue
	line=$(tr '\\0' ' ' <$process/cmdline) 2>/dev/null
	[[ $line == $1* ]] && kill -$2 \${process#/proc/} && echo \${process#/proc/}
done`;

async function signal(agent: Agent, command: string, name: 'KILL' | 'STOP' | 'CONT'): Promise<void> {
	const { out } = await agent.run(['bash', '-c', SIGNAL, 'signal', command, name]);
	// One process, or up to three if the loop around ss is taking a sample: the subshell of `$(…)` and the child in which
	// it will execute ss are copies of the loop.
	expect(out).toMatch(/^(\d+\n){1,3}$/);
}

const LOST = { code: 'OBSERVER_LOST' };

function lossesOf({ context }: Timeline) {
	return context.history.losses.map(({ observer, host, since, until }) => ({ observer, host, since, until }));
}

async function connected(client: Host, server: Host) {
	const reader = await server.nc({ listen: 8080 });
	const writer = await client.nc({ connect: server.port(8080) });
	return { writer, reader };
}

scenario(
	'a capture is killed: fates and absences are unknown, and no power off is proven',
	{},
	async ({ client, server, timeline }) => {
		const { writer, reader } = await connected(client, server);
		await timeline.context.flush();
		await signal(server.boot.machine, 'tcpdump -i any', 'KILL');
		await writer.type('hello\n');
		await expect(reader).toPrint('hello\n');
		// The reader shows that the segment arrived. But the capture has not seen it, and the firewall has not logged it.
		await expect(expect(timeline).toShowSegment('> P. 6')).rejects.toMatchObject(LOST);
		await expect(timeline).toShowSegment('> P. 6 unknown');
		await expect(expect(timeline).toShowNoSegment('< R sent')).rejects.toMatchObject(LOST);
		await expect(expect(timeline).toShowSegments('...')).rejects.toMatchObject(LOST);
		expect(lossesOf(timeline)).toEqual([
			{ observer: 'capture', host: 'server', since: expect.any(Number), until: undefined },
		]);
		expect(timeline.context.history.losses[0]?.what).toMatch('tcpdump was killed by SIGKILL');

		// Only the other host's capture could show that nothing left after the cut.
		const failure = await client.powerOff().catch((error: unknown) => error);
		expect(failure).toMatchObject(LOST);
		const phases = timeline.context.history.of('fault').map(({ what, phase }) => `${what} ${phase}`);
		expect(phases).toEqual(['power injected']);
	},
);

scenario('a firewall’s log is killed: what arrives may have been dropped', {}, async ({ client, server, timeline }) => {
	const { writer } = await connected(client, server);
	const lost = await server.drop({ name: 'lost', destinationPort: 8080 });
	await signal(server.boot.machine, 'tcpdump -i nflog', 'KILL');
	await writer.type('hello\n');
	await expect(expect(timeline).toShowSegment('> P. 6')).rejects.toMatchObject(LOST);
	await expect(expect(timeline).toShowSegment('> P. 6 dropped by lost')).rejects.toMatchObject(LOST);
	expect(
		new Set(timeline.segments('client').flatMap(({ length, fate, by }) => (length === 6 ? [`${fate} ${by}`] : []))),
	).toEqual(new Set(['unknown server firewall']));
	expect(lossesOf(timeline)).toMatchObject([{ observer: 'firewall', host: 'server', until: undefined }]);
	// The counter of the rule does not depend on the log.
	expect(await lost.count()).toBeGreaterThan(0);
	await lost.heal();
});

scenario(
	'the loop around ss is killed: neither sockets nor their absence can be judged',
	{},
	async ({ client, server, timeline }) => {
		await connected(client, server);
		await expect(client).toHaveSocket({ state: 'ESTAB' });
		await signal(client.boot.machine, 'bash -c while read -r number', 'KILL');
		await expect(expect(client).toHaveNoSocket({ state: 'LISTEN' })).rejects.toMatchObject(LOST);
		await expect(expect(client).toHaveSocket({ state: 'ESTAB' })).rejects.toMatchObject(LOST);
		await expect(expect(client).toHaveSockets(0, { state: 'LISTEN' })).rejects.toMatchObject(LOST);
		await expect(client.sockets()).rejects.toMatchObject(LOST);
		await expect(server).toHaveSocket({ state: 'ESTAB' });
		expect(lossesOf(timeline)).toMatchObject([{ observer: 'ss', host: 'client', until: undefined }]);
	},
);

scenario('a tracer is killed: later calls of its program are unknown', {}, async ({ client, server, timeline }) => {
	const { writer, reader } = await connected(client, server);
	await expect(reader).toBlockIn('poll');
	await signal(server.boot.userland, 'strace', 'KILL');
	await expect(expect(reader).toHaveReturned('read', 6)).rejects.toMatchObject(LOST);
	await expect(expect(reader).toBlockIn('poll')).rejects.toMatchObject(LOST);
	expect(lossesOf(timeline)).toMatchObject([
		{ observer: `strace of ${reader.name}`, host: 'server', until: undefined },
	]);
	await expect(writer).toBlockIn('poll');
});

scenario(
	'a capture is stopped: it is lost until it reports a sentinel again',
	{},
	async ({ client, server, timeline }) => {
		const { writer, reader } = await connected(client, server);
		await timeline.context.flush();
		await signal(client.boot.machine, 'tcpdump -i any', 'STOP');
		await writer.type('hello\n');
		await expect(reader).toPrint('hello\n');
		await expect(expect(timeline).toShowNoSegment('< R sent')).rejects.toMatchObject(LOST);
		expect(lossesOf(timeline)).toMatchObject([{ observer: 'capture', host: 'client', until: undefined }]);

		await signal(client.boot.machine, 'tcpdump -i any', 'CONT');
		await writer.type('again\n');
		await expect(reader).toPrint('again\n');
		// The capture works again: it shows a new segment of the other host.
		await reader.type('there\n');
		await expect(timeline).toShowSegment('< P. 6');
		expect(lossesOf(timeline)).toEqual([
			{ observer: 'capture', host: 'client', since: expect.any(Number), until: expect.any(Number) },
		]);
	},
);
