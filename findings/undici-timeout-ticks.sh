#!/usr/bin/env bash
# A headersTimeout of undici below one second ends a request up to ten times later than it says.
#
# Version:   undici 7.30.2
# Guess:     headersTimeout: 100 ends a request to a server that does not answer after about 0.1 s.
# Behaviour: It ends after 1.0 s. 1000 ends it after 1.5 s, 2500 after 3.0 s.
# Why:       One clock checks all of undici's timers about every half second (lib/util/timers.js, TICK_MS), and a timer
#            starts with the tick after it was set.
# Output:    The timeout in ms, and the time after which the request failed, in half seconds.
source "$(dirname "$0")/common.sh"
npm_packages undici@7.30.2

cat >ticks.mjs <<'JS'
import http from 'node:http';
import { Agent, request } from 'undici';

const server = http.createServer(() => {});
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
for (const headersTimeout of [100, 1000, 2500]) {
	const began = performance.now();
	const dispatcher = new Agent({ headersTimeout });
	const { code } = await request(`http://127.0.0.1:${server.address().port}/`, { dispatcher }).catch((error) => error);
	console.log(`${headersTimeout}: ${code} after ${Math.round((performance.now() - began) / 500) / 2} s`);
}
process.exit();
JS
same '100: UND_ERR_HEADERS_TIMEOUT after 1 s
1000: UND_ERR_HEADERS_TIMEOUT after 1.5 s
2500: UND_ERR_HEADERS_TIMEOUT after 3 s' "$(isolated node ticks.mjs)"
