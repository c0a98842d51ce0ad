#!/usr/bin/env bash
# In one network namespace, nstat leaves out what it has shown in another.
#
# Version:   iproute2 6.1.0-3 (Debian 12)
# Guess:     In a new network namespace, where counters start at zero, nstat shows everything that happened there.
# Behaviour: It subtracts the counters of the namespace in which it ran before. If seven connections were tried after
#            five in another namespace, it shows two.
# Why:       misc/nstat.c keeps what it has shown in one file per user (/tmp/.nstat.u0), for all namespaces, and shows
#            the difference. NSTAT_HISTORY names another file.
# Output:    The value of TcpActiveOpens in the first and in the second namespace, and in a third with its own file.
source "$(dirname "$0")/common.sh"
debian iproute2=6.1.0-3 libbpf1=1:1.1.2-0+deb12u1
export NSTAT_HISTORY="$folder/history"

cat >refused.py <<'PY'
import socket, subprocess, sys

for _ in range(int(sys.argv[1])):
    with socket.socket() as tried:
        tried.connect_ex(('127.0.0.1', 9))
for line in subprocess.run(['nstat'], capture_output=True, text=True).stdout.splitlines():
    if line.startswith('TcpActiveOpens'):
        print(f'tried {sys.argv[1]}, shown {line.split()[1]}')
PY
same 'tried 5, shown 5
tried 7, shown 2
tried 7, shown 7' "$(
	isolated python3 refused.py 5
	isolated python3 refused.py 7
	NSTAT_HISTORY="$folder/other" isolated python3 refused.py 7
)"
