#!/usr/bin/env bash
# tcpdump on an nflog interface exits at the first packet that is about as long as its snapshot length.
#
# Version:   tcpdump 4.99.3-1 with libpcap0.8 1.10.3-1, iptables 1.8.9-2 (Debian 12)
# Guess:     -s 160 truncates packets, as on every other interface, and the capture continues.
# Behaviour: The first logged packet of 1028 bytes ends tcpdump with "Message truncated". A packet of 60 bytes before it
#            is captured.
# Why:       libpcap reads netlink messages into a buffer of the snapshot length plus 128 bytes. If the prefix is long
#            enough, the other parts of a message (prefix, hardware header, interface, time) take more than 128 bytes.
#            With --nflog-size the kernel copies less of the packet.
# Output:    tcpdump's last line, without and with --nflog-size.
source "$(dirname "$0")/common.sh"
debian tcpdump=4.99.3-1 libpcap0.8=1.10.3-1 iptables=1.8.9-2 libxtables12=1.8.9-2

cat >log.sh <<'SH'
iptables -A INPUT -p udp -j NFLOG --nflog-group 1 --nflog-prefix name-of-the-rule $1
tcpdump -Z root -i nflog:1 -nn -U -s 160 -c 2 -w packets 2>said & tcpdump=$!
until grep -q 'listening on' said; do sleep 0.05; done
for length in 32 1000; do python3 -c "import socket; socket.socket(type=socket.SOCK_DGRAM).sendto(b'x' * $length, ('127.0.0.1', 9))"; done
status=0; wait "$tcpdump" || status=$?
echo "status $status, $(grep -Eo 'Message truncated|[0-9]+ packets? captured' said | paste -sd ' ')"
SH
same 'without: status 1, Message truncated 1 packet captured
with: status 0, 2 packets captured' "without: $(isolated bash log.sh '')
with: $(isolated bash log.sh '--nflog-size 128')"
