#!/usr/bin/env bash
# In axios, the same timeout limits the whole request with one adapter, and only inactivity with another.
#
# Version:   axios 1.21.1
# Guess:     `timeout: 1000` ends a request after one second with any adapter. The documentation says "before the
#            request times out".
# Behaviour: A server sends its body byte by byte for four seconds. With the fetch adapter, the request fails with
#            ETIMEDOUT after one second. With the http adapter, the default in Node, it succeeds after four: each byte
#            restarts the timer.
# Why:       The http adapter passes the timeout to the socket (ClientRequest.setTimeout: inactivity), the fetch adapter
#            to its own timer.
# Output:    How each request ended, and after how many seconds.
source "$(dirname "$0")/common.sh"
npm_packages axios@1.21.1

cat >timeouts.mjs <<'JS'
import http from 'node:http';
import axios from 'axios';

const server = http.createServer((_, response) => {
	response.writeHead(200, { 'content-length': 40 });
	let sent = 0;
	const timer = setInterval(() => {
		response.write('x');
		if (++sent === 40) clearInterval(timer);
	}, 100);
	response.on('close', () => clearInterval(timer));
}).listen(0, '127.0.0.1');
await new Promise((resolve) => server.on('listening', resolve));

for (const adapter of ['http', 'fetch']) {
	const began = performance.now();
	const how = await axios.get(`http://127.0.0.1:${server.address().port}/`, { timeout: 1000, adapter }).then(
		({ status }) => status,
		({ code }) => code,
	);
	console.log(`${adapter}: ${how} after ${Math.round((performance.now() - began) / 1000)} s`);
}
process.exit();
JS
same 'http: 200 after 4 s
fetch: ETIMEDOUT after 1 s' "$(isolated node timeouts.mjs)"
