import { expect as check } from '@jest/globals';
import { expect, scenario } from '../index.ts';
import { testOn } from '../run/fixtures/on-engine.ts';
import { currentRun } from '../run/handover.ts';
import type { EventOf } from '../timeline/events.ts';

type Call = EventOf<'call'>;

/** Defines a scenario that needs python3, which hosts only have on netns, where they have this machine's programs. */
function scenarioOnNetns(title: string, body: Parameters<typeof scenario>[2]): void {
	if (currentRun().engine === 'netns') scenario(title, {}, body);
	else testOn('netns', 'about programs in python3, which hosts elsewhere do not have')(title, async () => {});
}

/** As Node, Go and Java do by default, it listens on all addresses of both families with one socket. */
const ECHO =
	"require('net').createServer((c) => c.on('data', (d) => c.write(d)))" +
	".listen(8080, () => console.log('listening'))";

scenario(
	'a dual-stack server: its calls are on IPv6 sockets with the addresses of the wire',
	{},
	async ({ client, server }) => {
		const echo = await server.run(['node', '-e', ECHO]);
		await expect(echo).toPrint('listening');
		const writer = await client.nc({ connect: server.port(8080) });
		await writer.type('hello\n');
		await expect(writer).toPrint('hello\n');
		await expect(echo).toHaveReturned('read', 6);
		await expect(echo).toHaveReturned('write', 6);
		await expect(echo).toBlockIn('poll');

		const [read] = echo.calls('read');
		const own = writer.calls('write')[0]?.socket;
		check(own).toMatchObject({ family: client.ipVersion === 'ipv6' ? 'IPv6' : 'IPv4', remote: server.port(8080) });
		// The family is that of the socket; the addresses are those on the wire (RFC 4291, 2.5.5.2).
		check(read?.socket).toEqual({ family: 'IPv6', local: own?.remote, remote: own?.local });
	},
);

/** One thread reads from a connection; the other calls select with a timeout in a loop. */
const THREADS = `
import select, socket, sys, threading
s = socket.create_connection((sys.argv[1], 8080))
threading.Thread(target=lambda: s.recv(10), daemon=True).start()
print('connected', flush=True)
while True:
    select.select([], [], [], 0.05)
`;

scenarioOnNetns(
	'a program with two threads: one is seen to block while the other makes calls',
	async ({ client, server }) => {
		const writer = await server.nc({ listen: 8080 });
		const program = await client.run(['python3', '-c', THREADS, server.address]);
		await expect(program).toBlockIn('read');
		const blocked = program.blockedIn('read') as Call;
		const [connect] = program.calls('connect');
		check(blocked.pid).toBe(program.pid);
		check(connect?.pid).toBe(program.pid);
		check(blocked.tid).not.toBe(connect?.tid);
		check(blocked.tid).toBeGreaterThan(program.pid);

		await writer.type('hello\n');
		await expect(program).toHaveReturned('read', 6);
		check(program.blocksIn('read')).toBe(false);

		await program.signal('SIGKILL');
		await expect(program).toHaveEnded({ signal: 'SIGKILL' });
	},
);

/** A server that forks for each connection. The first child ends without an answer, the second one answers. */
const FORKS = `
import os, socket, sys
l = socket.create_server((sys.argv[1], 8080), family=socket.AF_INET6 if ':' in sys.argv[1] else socket.AF_INET)
for answer in (b'', b'two'):
    c, _ = l.accept()
    if os.fork() == 0:
        l.close()
        c.recv(10)
        if answer: c.sendall(answer)
        c.close()
        os._exit(0)
    c.close()
for _ in range(2): os.wait()
`;

scenarioOnNetns('a server that forks: each process has its own calls', async ({ client, server }) => {
	const forking = await server.run(['python3', '-c', FORKS, server.address], { until: 'listening' });
	const first = await client.nc({ connect: server.port(8080) });
	await first.type('1\n');
	await expect(forking).toHaveReturned('read', 2);
	const second = await client.nc({ connect: server.port(8080) });
	await second.type('22\n');
	await expect(second).toPrint('two');
	await expect(forking).toHaveEnded({ status: 0 });

	const [one, two] = forking.calls('read');
	const [answer] = forking.calls('write');
	check(new Set([forking.pid, one?.pid, two?.pid]).size).toBe(3);
	check([one?.returned, two?.returned]).toEqual([2, 3]);
	check(answer).toMatchObject({ pid: two?.pid, returned: 3, socket: { remote: two?.socket?.remote } });
	// The end of the first child may interrupt the second accept, which is then restarted (SIGCHLD, ERESTARTSYS).
	const accepted = forking.calls('accept').filter(({ returned }) => returned !== undefined);
	check(accepted.map(({ pid }) => pid)).toEqual([forking.pid, forking.pid]);
	check(forking.results('read')).toBe(`process ${one?.pid}: 2; process ${two?.pid}: 3`);
});

/** A file with an odd name beside the socket, and data that splice and sendfile move without a read or write. */
const ODD = `
import os, select, socket, sys
os.chdir(os.environ.get('TMPDIR', '/tmp'))
name = 'a (1 [b] -> "q" <x> = \\n -'
f = open(name, 'w+'); f.write('data'); f.flush()
os.unlink(name)
s = socket.create_connection((sys.argv[1], 8080))
p = select.poll(); p.register(f, select.POLLIN); p.register(s, select.POLLIN)
p.poll(); p.unregister(f); p.poll()
r, w = os.pipe()
os.splice(s.fileno(), w, 100)
os.sendfile(s.fileno(), f.fileno(), 0, 4)
s.shutdown(socket.SHUT_WR)
s.recvmsg(10)
`;

scenarioOnNetns('odd names beside a socket, and data without read and write', async ({ client, server }) => {
	const listener = await server.nc({ listen: 8080, shutdownAtEof: true });
	const program = await client.run(['python3', '-c', ODD, server.address]);
	// A regular file is always ready (poll(2)). So the first poll returns at once with the file, and the second waits for
	// the socket.
	await expect(program).toBlockIn('poll');
	await listener.type('hello\n');
	await expect(listener).toPrint('data');
	await listener.endInput();
	await expect(program).toHaveEnded({ status: 0 });

	const polls = program.calls('poll');
	check(polls.map(({ waitsOn = [] }) => waitsOn.map(({ socket }) => socket !== undefined))).toEqual([
		[false, true],
		[true],
	]);
	check(polls.map(({ ready = [] }) => ready.map(({ socket }) => socket !== undefined))).toEqual([[false], [true]]);
	check(program.calls('read').map(({ name, returned }) => [name, returned])).toEqual([
		['splice', 6],
		['recvmsg', 0],
	]);
	check(program.calls('write').map(({ name, returned }) => [name, returned])).toEqual([['sendfile', 4]]);
	check(program.context.history.losses).toEqual([]);
});
