#!/usr/bin/env node
import { createServer } from 'node:net';
import { parseArgs } from 'node:util';

const usage = 'usage: echo-server.mjs PORT [--keepalive=MS] [--allow-half-open] [--ipv6]';
const { values: options, positionals } = parseArgs({
	options: {
		keepalive: { type: 'string' },
		'allow-half-open': { type: 'boolean', default: false },
		ipv6: { type: 'boolean', default: false },
	},
	allowPositionals: true,
});
const port = Number(positionals[0]);
if (positionals.length !== 1 || !Number.isInteger(port)) {
	console.error(usage);
	process.exit(2);
}

const server = createServer({
	allowHalfOpen: options['allow-half-open'],
	keepAlive: options.keepalive !== undefined,
	keepAliveInitialDelay: Number(options.keepalive ?? 0),
});

server.on('connection', (socket) => {
	const peer = `${socket.remoteAddress}:${socket.remotePort}`;
	console.log(`connection ${peer}`);
	socket.on('data', (data) => {
		console.log(`data ${peer} ${data.length}`);
		socket.write(data);
	});
	socket.on('end', () => console.log(`end ${peer}`));
	socket.on('error', (error) => console.log(`error ${peer} ${codeOf(error)}`));
	socket.on('close', () => console.log(`close ${peer}`));
});
server.on('error', (error) => {
	console.log(`error ${codeOf(error)}`);
	process.exitCode = 1;
});
const listening = options.ipv6 ? { host: '::', ipv6Only: true } : { host: '0.0.0.0' };
server.listen({ port, ...listening }, () => console.log(`listening ${port}`));

/**
 * @param {Error & { code?: string }} error
 * @returns {string} the name of the errno, or the message if there is none
 */
function codeOf(error) {
	return error.code ?? error.message;
}
