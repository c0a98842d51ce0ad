#!/usr/bin/env bash
# undici opens a connection per request to a server that announces "Keep-Alive: timeout=2".
#
# Version:   undici 7.30.2
# Guess:     Four requests within half a second, to a server that keeps idle connections for two seconds, use one
#            connection.
# Behaviour: They use four. With timeout=3 they use one. Node's http.Agent uses four with timeout=1 and one with
#            timeout=2.
# Why:       undici subtracts keepAliveTimeoutThreshold (2 s by default) from the hint, so that it closes before the
#            server does. Nothing is left of 2 s, so it does not keep the connection. http.Agent subtracts 1 s.
# Output:    Connections for four requests, by client and hint in seconds.
source "$(dirname "$0")/common.sh"
npm_packages undici@7.30.2

cat >hints.mjs <<'JS'
import http from 'node:http';
import { Agent, request } from 'undici';

let connections = 0;
let hint = 0;
const server = http.createServer((_, response) => {
	response.setHeader('Connection', 'keep-alive').setHeader('Keep-Alive', `timeout=${hint}`).end('ok');
});
server.keepAliveTimeout = 60_000;
server.on('connection', () => connections++).listen(0, '127.0.0.1');
await new Promise((resolve) => server.on('listening', resolve));
const { port } = server.address();

async function count(client, ask) {
	connections = 0;
	for (let asked = 0; asked < 4; asked++) {
		await ask();
		await new Promise((resolve) => setTimeout(resolve, 100));
	}
	console.log(`${client}, timeout=${hint}: ${connections}`);
}

for (hint of [1, 2, 3]) {
	const dispatcher = new Agent();
	await count('undici', async () => (await request(`http://127.0.0.1:${port}/`, { dispatcher })).body.text());
	const agent = new http.Agent({ keepAlive: true });
	const get = () => new Promise((resolve, reject) => {
		http.get({ port, host: '127.0.0.1', agent }, (response) => response.resume().on('end', resolve)).on('error', reject);
	});
	await count('http.Agent', get);
}
process.exit();
JS
same 'undici, timeout=1: 4
http.Agent, timeout=1: 4
undici, timeout=2: 4
http.Agent, timeout=2: 1
undici, timeout=3: 1
http.Agent, timeout=3: 1' "$(isolated node hints.mjs)"
