#!/usr/bin/env node
import { connect } from 'node:net';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';

const usage = 'usage: echo-client.mjs ADDRESS PORT [--keepalive=MS] [--allow-half-open] [--heartbeat=MS]';
const missedHeartbeatsUntilDead = 3;

const { values: options, positionals } = parseArgs({
	options: {
		keepalive: { type: 'string' },
		'allow-half-open': { type: 'boolean', default: false },
		heartbeat: { type: 'string' },
	},
	allowPositionals: true,
});
const [host, port] = [positionals[0], Number(positionals[1])];
if (positionals.length !== 2 || !host || !Number.isInteger(port)) {
	console.error(usage);
	process.exit(2);
}

const socket = connect({
	host,
	port,
	allowHalfOpen: options['allow-half-open'],
	keepAlive: options.keepalive !== undefined,
	keepAliveInitialDelay: Number(options.keepalive ?? 0),
});
const typed = createInterface({ input: process.stdin });

socket.on('connect', () => {
	console.log('connect');
	typed.on('line', (line) => send(`${line}\n`));
	if (options.heartbeat !== undefined) beat(Number(options.heartbeat));
});
socket.on('data', (data) => console.log(`data ${data.toString().trimEnd()}`));
socket.on('end', () => console.log('end'));
socket.on('error', (error) => {
	console.log(`error ${codeOf(error)}`);
	process.exitCode = 1;
});
socket.on('close', () => {
	console.log('close');
	typed.close();
	process.stdin.destroy();
});

/** @param {string} text */
function send(text) {
	socket.write(text, (error) => {
		if (error) console.log(`write ${codeOf(error)}`);
	});
}

/**
 * Sends `ping` once per interval. Closes the connection if nothing was received for three intervals.
 * @param {number} interval milliseconds
 */
function beat(interval) {
	let unanswered = 0;
	const timer = setInterval(() => {
		if (unanswered === missedHeartbeatsUntilDead) {
			clearInterval(timer);
			console.log(
				`heartbeat no echo for ${missedHeartbeatsUntilDead} heartbeats (${missedHeartbeatsUntilDead * interval} ms): the peer is gone`,
			);
			process.exitCode = 1;
			socket.destroy();
			return;
		}
		unanswered += 1;
		send('ping\n');
	}, interval);
	socket.on('data', () => {
		unanswered = 0;
	});
	socket.on('close', () => clearInterval(timer));
}

/**
 * @param {Error & { code?: string }} error
 * @returns {string} the name of the errno, or the message if there is none
 */
function codeOf(error) {
	return error.code ?? error.message;
}
