/**
 * What a lab says when one of its observers is killed, or stopped, in the middle of a scenario: that it does not know.
 */
import type { Agent } from '../agent/agent.ts';
import { expect, type Host, scenario, type Timeline } from '../index.ts';

/** Signals the processes whose command line begins so, and says which these were. */
const SIGNAL = `for process in /proc/[0-9]*
	do line=$(tr '\\0' ' ' <$process/cmdline) 2>/dev/null
	[[ $line == $1* ]] && kill -$2 \${process#/proc/} && echo \${process#/proc/}
done`;

async function signal(agent: Agent, command: string, name: 'KILL' | 'STOP' | 'CONT'): Promise<void> {
	const { out } = await agent.run(['bash', '-c', SIGNAL, 'signal', command, name]);
	// One, or two where the loop around ss is caught within a look: what is to become ss is a copy of it first.
	expect(out).toMatch(/^\d+\n(\d+\n)?$/);
}

const LOST = { code: 'OBSERVER_LOST' };

function lossesOf({ context }: Timeline) {
	return context.history.losses.map(({ observer, host, since, until }) => ({ observer, host, since, until }));
}

async function connected(client: Host, server: Host) {
	const kodos = await server.nc({ listen: 8080 });
	const kang = await client.nc({ connect: server.port(8080) });
	return { kang, kodos };
}

scenario(
	'a capture is killed: fates and absences are unknown, and no power off is proven',
	{},
	async ({ client, server, timeline }) => {
		const { kang, kodos } = await connected(client, server);
		await timeline.context.flush();
		await signal(server.boot.machine, 'tcpdump -i any', 'KILL');
		await kang.type('hello\n');
		await expect(kodos).toPrint('hello\n');
		// It arrived, as its reader shows; but its capture has not seen it arrive, and the firewall behind it was not
		// asked.
		await expect(expect(timeline).toShowSegment('> P. 6')).rejects.toMatchObject(LOST);
		await expect(timeline).toShowSegment('> P. 6 unknown');
		await expect(expect(timeline).toShowNoSegment('< R sent')).rejects.toMatchObject(LOST);
		await expect(expect(timeline).toShowSegments('...')).rejects.toMatchObject(LOST);
		expect(lossesOf(timeline)).toEqual([
			{ observer: 'capture', host: 'server', since: expect.any(Number), until: undefined },
		]);
		expect(timeline.context.history.losses[0]?.what).toMatch('tcpdump was killed by SIGKILL');

		// Whether something of it came out, only the other host's capture can tell.
		const failure = await client.powerOff().catch((error: unknown) => error);
		expect(failure).toMatchObject(LOST);
		const phases = timeline.context.history.of('fault').map(({ what, phase }) => `${what} ${phase}`);
		expect(phases).toEqual(['power injected']);
	},
);

scenario('a firewall’s log is killed: what arrives may have been dropped', {}, async ({ client, server, timeline }) => {
	const { kang } = await connected(client, server);
	const lost = await server.drop({ name: 'lost', destinationPort: 8080 });
	await signal(server.boot.machine, 'tcpdump -i nflog', 'KILL');
	await kang.type('hello\n');
	await expect(expect(timeline).toShowSegment('> P. 6')).rejects.toMatchObject(LOST);
	await expect(expect(timeline).toShowSegment('> P. 6 dropped by lost')).rejects.toMatchObject(LOST);
	expect(
		new Set(timeline.segments('client').flatMap(({ length, fate, by }) => (length === 6 ? [`${fate} ${by}`] : []))),
	).toEqual(new Set(['unknown server firewall']));
	expect(lossesOf(timeline)).toMatchObject([{ observer: 'firewall', host: 'server', until: undefined }]);
	// The rule counts by itself.
	expect(await lost.count()).toBeGreaterThan(0);
	await lost.heal();
});

scenario(
	'the loop around ss is killed: that shows no socket, and no lack of any',
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

scenario('a tracer is killed: what its program called since is unknown', {}, async ({ client, server, timeline }) => {
	const { kang, kodos } = await connected(client, server);
	await expect(kodos).toBlockIn('poll');
	await signal(server.boot.userland, 'strace', 'KILL');
	await expect(expect(kodos).toHaveReturned('read', 6)).rejects.toMatchObject(LOST);
	await expect(expect(kodos).toBlockIn('poll')).rejects.toMatchObject(LOST);
	expect(lossesOf(timeline)).toMatchObject([{ observer: `strace of ${kodos.name}`, host: 'server', until: undefined }]);
	await expect(kang).toBlockIn('poll');
});

scenario(
	'a capture is stopped: it has fallen behind until it shows a sentinel again',
	{},
	async ({ client, server, timeline }) => {
		const { kang, kodos } = await connected(client, server);
		await timeline.context.flush();
		await signal(client.boot.machine, 'tcpdump -i any', 'STOP');
		await kang.type('hello\n');
		await expect(kodos).toPrint('hello\n');
		await expect(expect(timeline).toShowNoSegment('< R sent')).rejects.toMatchObject(LOST);
		expect(lossesOf(timeline)).toMatchObject([{ observer: 'capture', host: 'client', until: undefined }]);

		await signal(client.boot.machine, 'tcpdump -i any', 'CONT');
		await kang.type('again\n');
		await expect(kodos).toPrint('again\n');
		// Its word on what came since: the answer to a segment of the other host arrived.
		await kodos.type('there\n');
		await expect(timeline).toShowSegment('< P. 6');
		expect(lossesOf(timeline)).toEqual([
			{ observer: 'capture', host: 'client', since: expect.any(Number), until: expect.any(Number) },
		]);
	},
);
