#!/usr/bin/env bash
# The connectTimeout of ioredis ends with TCP's handshake; the ready check after it has no limit.
#
# Version:   ioredis 5.11.1
# Guess:     With connectTimeout: 1000, a command to a server that accepts and never answers fails after one second, as
#            with the similar options of mysql2, postgres, nats, ssh2 and amqplib.
# Behaviour: After five seconds the command is neither done nor failed, and the client's status is "connect".
# Why:       The timer is removed from the socket when it is connected (lib/Redis.js). "ready" then waits for the answer
#            to INFO.
# Output:    The command and the client's status after 5 s; the same with socketTimeout: 1000, which ends it.
source "$(dirname "$0")/common.sh"
npm_packages ioredis@5.11.1

cat >silent.js <<'JS'
const net = require('node:net');
const Redis = require('ioredis');

const server = net.createServer((socket) => socket.on('error', () => {}).resume());
server.listen(6379, '127.0.0.1', async () => {
	for (const options of [{ connectTimeout: 1000 }, { connectTimeout: 1000, socketTimeout: 1000 }]) {
		const client = new Redis({ host: '127.0.0.1', retryStrategy: null, maxRetriesPerRequest: 0, ...options });
		client.on('error', () => {});
		const command = client.get('key').then(() => 'done', () => 'failed');
		const outcome = await Promise.race([command, new Promise((resolve) => setTimeout(resolve, 5_000, 'open'))]);
		console.log(`${Object.keys(options).join(', ')}: command ${outcome}, client ${client.status}`);
	}
	process.exit();
});
JS
same 'connectTimeout: command open, client connect
connectTimeout, socketTimeout: command failed, client end' "$(isolated node silent.js)"
