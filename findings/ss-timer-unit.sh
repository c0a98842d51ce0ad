#!/usr/bin/env bash
# ss prints a timer of 1.996 seconds as "1.996ms".
#
# Version:   iproute2 6.1.0-3 (Debian 12)
# Guess:     `ss -o` shows the rest of a timer in the unit that it prints.
# Behaviour: Between 1 and 9 seconds it prints seconds, a point, the remaining milliseconds, and "ms". From 9 seconds on
#            the unit is "sec", and below one second it really is milliseconds. So "1.996ms" is longer than "996ms".
# Why:       print_ms_timer in misc/ss.c prints both numbers and the unit of the second one.
# Output:    3 s: N.NNNms    12 s: NNsec    0.5 s or less: NNNms
source "$(dirname "$0")/common.sh"
debian iproute2=6.1.0-3 libbpf1=1:1.1.2-0+deb12u1

cat >keepalive.py <<'PY'
import re, socket, subprocess, time

server = socket.create_server(('127.0.0.1', 0))

def timer(idle_seconds, wait_seconds=0):
    client = socket.create_connection(server.getsockname())
    client.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, idle_seconds)
    client.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    time.sleep(wait_seconds)
    shown = subprocess.run(['ss', '-tnoH', f'sport = :{client.getsockname()[1]}'], capture_output=True, text=True).stdout
    return re.sub(r'\d', 'N', re.search(r'timer:\(keepalive,(.*?),', shown).group(1))

print('3 s:', timer(3))
print('12 s:', timer(12))
print('0.5 s or less:', timer(1, wait_seconds=0.6))
PY
same '3 s: N.NNNms
12 s: NNsec
0.5 s or less: NNNms' "$(isolated python3 keepalive.py)"
