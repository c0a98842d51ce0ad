#!/usr/bin/env bash
# strace -yy shows the ends of a connection only from inside the program's network namespace.
#
# Version:   strace 6.1-0.1 (Debian 12)
# Guess:     -yy shows protocol and addresses of a descriptor, wherever the tracer runs.
# Behaviour: From outside (for example, when a container is traced from its host), the same descriptor is only
#            TCP:[inode]. There is no warning.
# Why:       strace asks the kernel's socket diagnostics (sock_diag(7)), which answer for the caller's own namespace
#            only.
# Output:    inside: TCP:[ADDRESS->ADDRESS]    outside: TCP:[INODE]
source "$(dirname "$0")/common.sh"
debian strace=6.1-0.1 libunwind8=1.6.2-3

cat >talk.py <<'PY'
import socket
listener = socket.create_server(('127.0.0.1', 0))
client = socket.create_connection(listener.getsockname())
client.send(b'x')
PY
descriptor() { sed -En 's/.*sendto\([0-9]+<([^>]*(->[^>]*)?)>, "x".*/\1/p' "$1" | sed -E 's/[0-9.]+:[0-9]+/ADDRESS/g; s/\[[0-9]+\]/[INODE]/'; }
isolated strace -yy -e trace=sendto -o inside.txt python3 talk.py
strace -f -yy -e trace=sendto -o outside.txt unshare --net sh -c 'ip link set lo up; exec python3 talk.py'
same 'inside: TCP:[ADDRESS->ADDRESS]
outside: TCP:[INODE]' "inside: $(descriptor inside.txt)
outside: $(descriptor outside.txt)"
