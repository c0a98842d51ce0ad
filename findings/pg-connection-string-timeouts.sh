#!/usr/bin/env bash
# pg ignores timeouts and keepalive in a connection string, by libpq's names and by its own, without an error.
#
# Version:   pg 8.23.1
# Guess:     connect_timeout=1 (libpq) or connectionTimeoutMillis=1000 (pg) after the "?" of postgres://… ends a connect
#            to a silent server after one second; keepalives_idle=5 or keepAlive=true enable TCP keepalive.
# Behaviour: With each of them, the client still waits after three seconds, and the socket has no keepalive timer. As
#            members of the options object, connectionTimeoutMillis and keepAlive work.
# Why:       The string is parsed into options, but Client reads these from the object that the caller passed
#            (lib/client.js).
# Output:    For each variant: the state of a connect to a silent server after 3 s; whether a connected socket has a
#            keepalive timer.
source "$(dirname "$0")/common.sh"
npm_packages pg@8.23.1

cat >options.js <<'JS'
const { execFileSync } = require('node:child_process');
const net = require('node:net');
const { Client } = require('pg');

/** AuthenticationOk and ReadyForQuery, as PostgreSQL's protocol has them. */
const WELCOME = Buffer.from([0x52, 0, 0, 0, 8, 0, 0, 0, 0, 0x5a, 0, 0, 0, 5, 0x49]);
const listen = (port, greet) =>
	new Promise((resolve) => {
		const server = net.createServer((socket) => socket.on('error', () => {}).once('data', () => greet && socket.write(WELCOME)));
		server.listen(port, '127.0.0.1', resolve);
	});
const client = (options) => new Client(options).on('error', () => {});
const outcome = (connecting) =>
	Promise.race([
		connecting.then(() => 'connected', () => 'timeout'),
		new Promise((resolve) => setTimeout(resolve, 3_000, 'still waiting')),
	]);

(async () => {
	await listen(5001, false);
	await listen(5002, true);
	for (const query of ['connect_timeout=1', 'connectionTimeoutMillis=1000']) {
		console.log(`?${query}: ${await outcome(client(`postgres://u@127.0.0.1:5001/db?${query}`).connect())}`);
	}
	const connectionString = 'postgres://u@127.0.0.1:5001/db';
	console.log(`{ connectionTimeoutMillis: 1000 }: ${await outcome(client({ connectionString, connectionTimeoutMillis: 1000 }).connect())}`);
	const keepalives = [
		['?keepalives=1&keepalives_idle=5', 'postgres://u@127.0.0.1:5002/db?keepalives=1&keepalives_idle=5'],
		['?keepAlive=true', 'postgres://u@127.0.0.1:5002/db?keepAlive=true'],
		['{ keepAlive: true }', { connectionString: 'postgres://u@127.0.0.1:5002/db', keepAlive: true }],
	];
	for (const [words, options] of keepalives) {
		const connected = client(options);
		await connected.connect();
		const { localPort } = connected.connection.stream;
		const shown = execFileSync('ss', ['-tnoH', `sport = :${localPort}`], { encoding: 'utf8' });
		console.log(`${words}: ${shown.includes('timer:(keepalive') ? 'keepalive' : 'no keepalive'}`);
	}
	process.exit();
})();
JS
same '?connect_timeout=1: still waiting
?connectionTimeoutMillis=1000: still waiting
{ connectionTimeoutMillis: 1000 }: timeout
?keepalives=1&keepalives_idle=5: no keepalive
?keepAlive=true: no keepalive
{ keepAlive: true }: keepalive' "$(isolated node options.js)"
