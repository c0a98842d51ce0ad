#!/usr/bin/env bash
# The pingInterval of the npm package redis does not notice a server that has stopped answering.
#
# Version:   redis 5.12.1
# Guess:     With pingInterval: 300, a client whose PING is not answered closes the connection, or at least sends
#            another PING.
# Behaviour: It sends one PING, waits for its answer without a limit, sends no other, and stays `isReady`. With
#            socketTimeout: 1000 in addition, it gives up after one second.
# Why:       The next PING is scheduled only when the last one was answered, and commands have no time limit by default.
# Output:    Four seconds after the server stopped answering: the number of PINGs received, and whether the client is
#            ready.
source "$(dirname "$0")/common.sh"
npm_packages redis@5.12.1

cat >silent.mjs <<'JS'
import net from 'node:net';
import { createClient } from 'redis';

let silent;
let pings;
const server = net.createServer((socket) => {
	socket.on('error', () => {}).on('data', (data) => {
		const text = data.toString();
		pings += text.match(/PING/g)?.length ?? 0;
		if (!silent) socket.write('+OK\r\n'.repeat(text.match(/^\*\d/gm)?.length ?? 0));
	});
});
await new Promise((resolve) => server.listen(6379, '127.0.0.1', resolve));

for (const socket of [{}, { socketTimeout: 1000, reconnectStrategy: false }]) {
	silent = false;
	pings = 0;
	const client = createClient({ url: 'redis://127.0.0.1:6379', pingInterval: 300, disableClientInfo: true, socket: { ...socket } });
	client.on('error', () => {});
	await client.connect();
	silent = true;
	await new Promise((resolve) => setTimeout(resolve, 4_000));
	console.log(`${socket.socketTimeout ? 'socketTimeout: 1000' : 'defaults'}: ${pings} PING, ready: ${client.isReady}`);
}
process.exit();
JS
same 'defaults: 1 PING, ready: true
socketTimeout: 1000: 1 PING, ready: false' "$(isolated node silent.mjs)"
