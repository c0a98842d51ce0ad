#!/usr/bin/env bash
# After a reset, both Debian netcats and telnet exit with 0 and print no error.
#
# Version:   netcat-openbsd 1.219-1, netcat-traditional 1.10-47, inetutils-telnet 2:2.4-2+deb12u3, ncat 7.93+dfsg1-1
#            (Debian 12)
# Guess:     If a download through netcat ends with a RST, its exit status differs from that of one that ends with a
#            FIN.
# Behaviour: nc.openbsd and nc.traditional exit with 0 and print nothing in both cases; telnet prints "Connection closed
#            by foreign host." in both. Only ncat tells the two apart (status 1, "Connection reset by peer."). A script
#            that tests $? takes a truncated transfer for a complete one.
# Output:    The exit status of each program after a FIN and after a RST, and what it printed.
source "$(dirname "$0")/common.sh"
debian netcat-openbsd=1.219-1 netcat-traditional=1.10-47 inetutils-telnet=2:2.4-2+deb12u3 ncat=7.93+dfsg1-1 \
	libbsd0=0.11.7-2 liblua5.3-0=5.3.6-2 libpcap0.8=1.10.3-1

cat >server.py <<'PY'
import socket, struct, sys
listener = socket.create_server(('127.0.0.1', 8080))
print('listening', flush=True)
for how in ['FIN', 'RST'] * 4:
    connection, _ = listener.accept()
    connection.sendall(b'hello\n')
    # The client has read it when it has echoed it: what ends the connection then finds nothing unread.
    connection.recv(100)
    if how == 'RST': connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
    connection.close()
PY
cat >clients.sh <<'SH'
mkfifo ready; python3 server.py >ready & read -r _ <ready
for program in nc.openbsd nc.traditional telnet ncat; do
	for how in FIN RST; do
		status=0
		(echo hello; exec sleep 3) | "$program" 127.0.0.1 8080 >out 2>err || status=$?
		echo "$program $how: status $status $(tail -n 1 err)"
	done
done
SH
same 'nc.openbsd FIN: status 0
nc.openbsd RST: status 0
nc.traditional FIN: status 0
nc.traditional RST: status 0
telnet FIN: status 0 Connection closed by foreign host.
telnet RST: status 0 Connection closed by foreign host.
ncat FIN: status 0
ncat RST: status 1 Ncat: Connection reset by peer.' "$(isolated bash clients.sh | sed 's/ *$//')"
