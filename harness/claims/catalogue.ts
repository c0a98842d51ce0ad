/** The sources of the claims. */
export const SOURCES = {
	PZ: '"TCP Puzzlers": nc under truss on illumos, and a modified nc that does not close on end of stream',
	HS: 'a blog on establishing and releasing connections: CentOS 7, kernel 3.10; nc, tcpdump, lsof, strace, ss',
	QI:
		'a toolbox for low-level network programming: two Docker hosts, kernel 4.19; ss, tcpdump, strace, nc, ' +
		'iptables, curl',
	WF: 'notes on captures of handshake and close: tcpdump, Wireshark, telnet',
	KH: 'test scripts built on Cloudflare\'s "When TCP sockets refuse to die": kernel 4.19',
	ST: 'the state diagram of TCP (RFC 9293, 3.3.2)',
	WI: "the wire: what RFCs, man pages and the kernel's documentation assert about what happens between the hosts",
} as const;
export type Source = keyof typeof SOURCES;

/** The claims of the sources about TCP, restated. Ids never change. Every table has their order. */
export const CLAIMS = {
	PZ0: {
		source: 'PZ',
		text: 'warm-up start: server in accept, client connects; both sides ESTABLISHED, both programs wait in poll',
	},
	PZ1: {
		source: 'PZ',
		text:
			'SIGINT ends the server process, its descriptors close: FIN; server FIN_WAIT_1, then FIN_WAIT_2 on the ACK; ' +
			'client CLOSE_WAIT',
	},
	PZ2: {
		source: 'PZ',
		text:
			'the client is woken from poll (POLLIN), read returns 0, it closes: LAST_ACK; server TIME_WAIT; the client ' +
			'has nothing left',
	},
	PZ3: { source: 'PZ', text: "the server's TIME_WAIT goes away after 2 minutes" },
	PZ4: {
		source: 'PZ',
		text: 'the order may differ: an end may pass through CLOSING instead of FIN_WAIT_2 (simultaneous close)',
	},
	PZ5: {
		source: 'PZ',
		text:
			'abrupt reboot of the server: it knows nothing of the connection, the client stays ESTABLISHED for as long ' +
			'as it sends nothing',
	},
	PZ5b: { source: 'PZ', text: 'an orderly reboot (processes ended first) is the warm-up again' },
	PZ6: {
		source: 'PZ',
		text: "after the reboot the client's write succeeds, a RST answers, poll wakes, read fails with ECONNRESET",
	},
	PZ7: {
		source: 'PZ',
		text: 'after the RST further operations keep failing with ECONNRESET until the descriptor is closed',
	},
	PZ8: { source: 'PZ', text: 'power off for good: write succeeds, nothing for long, then read fails with ETIMEDOUT' },
	PZ8t: { source: 'PZ', text: "that takes 5 minutes with that system's settings" },
	PZ9: { source: 'PZ', text: 'after the timeout every operation on the socket ends in ETIMEDOUT' },
	PZ10: {
		source: 'PZ',
		text:
			'half-open without any failure: the client keeps its socket after end of stream; server FIN_WAIT_2, client ' +
			'CLOSE_WAIT, for any time',
	},
	PZ10b: {
		source: 'PZ',
		text:
			'in that state the client may still send data for hours (shutdown of one direction only), and the server ' +
			'receives it',
	},
	PZ11: {
		source: 'PZ',
		text:
			"the server closed for real: its FIN_WAIT_2 vanishes after a while, telling the peer nothing; the client's " +
			'CLOSE_WAIT stays',
	},
	PZ12: {
		source: 'PZ',
		text: "the client's write then still succeeds; the RST wakes poll, and the read fails with ECONNRESET",
	},
	PZ13: { source: 'PZ', text: 'nothing here is specific to one operating system' },
	PZ14: {
		source: 'PZ',
		text: 'keepalive, or a heartbeat of the application, resolves PZ5 and PZ8 without sending application data',
	},
	HS1: {
		source: 'HS',
		text:
			'connecting is SYN, SYN+ACK, ACK (with mss, sackOK, timestamps, wscale options); accept returns a new ' +
			'descriptor beside the listening one; lsof shows LISTEN and ESTABLISHED descriptors',
	},
	HS2: { source: 'HS', text: 'Ctrl-C at the client: FIN, FIN+ACK, ACK, three segments' },
	HS3: {
		source: 'HS',
		text:
			'TIME-WAIT is on the side that closed first, 60 s, seen in ss as timer:(timewait,..) counting down, then ' +
			'gone; the other side has nothing',
	},
	HS4: {
		source: 'HS',
		text:
			'the calls behind it: socket, bind, listen, accept on the server; data typed at the client leaves by its ' +
			'connected descriptor and is received by the accepted descriptor',
	},
	WF1: { source: 'WF', text: 'data is one P. segment answered by an ACK' },
	WF2: {
		source: 'WF',
		text: 'closing mostly takes three segments: with nothing more to send, ACK and FIN are one segment',
	},
	WF3: { source: 'WF', text: 'a server that sleeps between read()==0 and close shows four segments' },
	WF4: { source: 'WF', text: 'the handshake completes before the server calls accept' },
	WF5: {
		source: 'WF',
		text: 'if the peer does not close at once, the ACK of the FIN comes alone about 40 ms later (delayed ACK)',
	},
	HS5: { source: 'HS', text: 'ncat listens with two sockets, IPv6 and IPv4, backlog 10' },
	ST1: {
		source: 'ST',
		text:
			'each state of the diagram can be held still and shown by ss on its host: LISTEN, SYN-SENT, SYN-RECV, ESTAB, ' +
			'FIN-WAIT-1, FIN-WAIT-2, CLOSE-WAIT, CLOSING, LAST-ACK, TIME-WAIT',
	},
	QI1: {
		source: 'QI',
		text:
			'ss timer `on` is the retransmission of SYN or data (TCP_USER_TIMEOUT acts at once) or of SYN-ACK (cannot be ' +
			'set)',
	},
	QI2: {
		source: 'QI',
		text:
			'Recv-Q counts bytes not read, even before accept; Send-Q bytes not acknowledged, growing while packets are ' +
			'dropped',
	},
	QI3: { source: 'QI', text: 'Recv-Q of LISTEN is the length of the accept queue, Send-Q its capacity' },
	QI3b: {
		source: 'QI',
		text:
			'accept queue full: a further client keeps trying and no connection is lost (tcp_abort_on_overflow=0), or is ' +
			'reset (1)',
	},
	QI4: {
		source: 'QI',
		text:
			'keepalive by sysctl (time 30 s, probes 3, interval 5 s) on a server whose nc sets SO_KEEPALIVE, its INPUT ' +
			'dropped: probes every 5 s counted 0..3 in ss, then a RST; server read fails ETIMEDOUT, client read ' +
			'ECONNRESET',
	},
	QI5: {
		source: 'QI',
		text:
			'traffic does not restart the keepalive timer: at expiry it is armed again for what is left (25 of 30 s), ' +
			'without a probe',
	},
	QI6: {
		source: 'QI',
		text:
			'closed port: RST from that port; connect fails ECONNREFUSED at once; in poll POLLOUT, POLLERR, POLLHUP and ' +
			'SO_ERROR 111 (curl)',
	},
	QI7: {
		source: 'QI',
		text:
			'the RST dropped at the client: SYN repeated, in the end POLLOUT, POLLERR, POLLHUP and SO_ERROR ETIMEDOUT ' +
			'(curl)',
	},
	QI7t: { source: 'QI', text: 'that takes about 30 s with default settings' },
	QI8: { source: 'QI', text: 'SO_KEEPALIVE set on the listening socket holds for accepted connections' },
	QI9: { source: 'QI', text: 'dropping --tcp-flags SYN,RST,ACK SYN,ACK loses the SYN-ACK and nothing else' },
	QI10: { source: 'QI', text: 'TIME-WAIT is fixed at 60 s; tcp_fin_timeout does not change it' },
	QI11: { source: 'QI', text: 'Send-Q of LISTEN is the backlog; since 4.3 the SYN queue has the same capacity' },
	QI12: { source: 'QI', text: 'closing a descriptor twice: EBADF' },
	QI13: { source: 'QI', text: 'FIN received before RST: write fails with EPIPE (and SIGPIPE); RST alone: ECONNRESET' },
	QI14: {
		source: 'QI',
		text: 'the timewait timer also moves CLOSE-WAIT to CLOSED, fixed at 60 s (so written; a slip for TIME-WAIT?)',
	},
	QI15: { source: 'QI', text: 'after close FIN-WAIT-2 shows timer:(timewait,..), after shutdown alone it shows none' },
	QI16: { source: 'QI', text: "a late write's RST removes the sockets of both sides at once" },
	QI17: {
		source: 'QI',
		text:
			'ss timer `keepalive` counts down to the next check and its number is of unanswered probes; `persist` is the ' +
			'window probe',
	},
	QI18: { source: 'QI', text: 'non-blocking connect returns EINPROGRESS, its result comes by poll and SO_ERROR' },
	QI19: { source: 'QI', text: 'curl turns keepalive on with TCP_KEEPIDLE 60 and TCP_KEEPINTVL 60' },
	QI20: { source: 'QI', text: 'Recv-Q of a socket in CLOSE-WAIT shows 1 with nothing to read: the FIN' },
	'KH-syn1': {
		source: 'KH',
		text: 'SYN dropped: 6 retries, 2 min 10 s by default (the source saw 4 retries, 31 s, and suspected a bug)',
	},
	'KH-syn2': { source: 'KH', text: 'TCP_USER_TIMEOUT ends connect exactly then, not at the next retransmission' },
	'KH-syn3': {
		source: 'KH',
		text: 'SO_ERROR after a failed connect: 0 if a blocking connect returned the error, 110 if non-blocking',
	},
	'KH-synrecv1': { source: 'KH', text: 'a client closing in SYN-SENT vanishes without FIN or RST' },
	'KH-synrecv2': {
		source: 'KH',
		text: 'SYN-RECV retransmits 5 times (1, 3, 7, 15, 31 s), then vanishes at 63 s without FIN or RST',
	},
	'KH-synrecv3': { source: 'KH', text: 'TCP_USER_TIMEOUT on the listener does not touch SYN-RECV' },
	'KH-synrecv4': { source: 'KH', text: 'with the client still connecting, both ends retransmit until both time out' },
	'KH-synack1': {
		source: 'KH',
		text: "without accept: Recv-Q of LISTEN is 1 and 11 bytes sent wait in the connection's Recv-Q",
	},
	'KH-synack2': {
		source: 'KH',
		text: 'last ACK lost: client ESTAB at once, server SYN-RECV retransmitting; data before its timeout makes it ESTAB',
	},
	'KH-defer1': {
		source: 'KH',
		text: 'TCP_DEFER_ACCEPT=10: SYN-RECV until data, no SYN-ACK resent, timer count stays 0, Recv-Q of LISTEN 0',
	},
	'KH-defer2': {
		source: 'KH',
		text: 'no data: the SYN-ACK is resent after the deferral and its answer makes it ESTAB',
	},
	'KH-idle1': {
		source: 'KH',
		text: 'keepalive (idle 5 s, interval 3 s, count 3): probes at 5, 8, 11 s; at 14 s RST and ETIMEDOUT',
	},
	'KH-idle2': { source: 'KH', text: 'keepalive runs only while the send buffer is empty' },
	'KH-idle3': {
		source: 'KH',
		text: 'keepalive with TCP_USER_TIMEOUT: checked at a probe, not the first; 3 s ends at 8 s, 10 s at 11 s',
	},
	'KH-idle4': { source: 'KH', text: 'with TCP_USER_TIMEOUT, TCP_KEEPCNT is ignored' },
	'KH-idle5': { source: 'KH', text: 'after the timeout was reported: read 0, write EPIPE' },
	'KH-dead1': {
		source: 'KH',
		text:
			'unacknowledged data: retransmitted from about 200 ms, doubling, ETIMEDOUT at the 16th turn (15 min, ' +
			'tcp_retries2=15), no FIN or RST sent',
	},
	'KH-dead2': { source: 'KH', text: 'TCP_USER_TIMEOUT ends retransmission exactly then; tcp_retries2 is ignored' },
	'KH-dead3': { source: 'KH', text: 'writing on: ETIMEDOUT once, then EPIPE; read returns end of stream' },
	'KH-zero1': {
		source: 'KH',
		text: 'zero-window probes unanswered: ETIMEDOUT after 15 min, no FIN or RST; the server stays ESTAB',
	},
	'KH-zero2': {
		source: 'KH',
		text: 'TCP_USER_TIMEOUT with window probes is checked only at a probe (60 s fired at 107 s)',
	},
	'KH-zero3': { source: 'KH', text: 'without accept the zero-window behaviour is the same' },
	'KH-zero4': {
		source: 'KH',
		text: 'a live peer that does not read acknowledges window probes for ever: ESTAB, timer persist',
	},
	'KH-rst1': {
		source: 'KH',
		text: "server shutdown(WR) then close: client's write 1 succeeds and draws a RST, write 2 EPIPE",
	},
	'KH-rst2': { source: 'KH', text: 'close alone: the same' },
	'KH-rst3': { source: 'KH', text: 'shutdown(RDWR) alone: the same' },
	'KH-rst4': { source: 'KH', text: 'shutdown(WR) alone: all writes succeed' },
	'KH-rst5': { source: 'KH', text: 'shutdown(RD) alone: all writes succeed' },
	'KH-rst6': { source: 'KH', text: 'after EPIPE writes keep failing with EPIPE and read returns end of stream' },
	'KH-rst2a': {
		source: 'KH',
		text: 'unread data at the server, shutdown(WR) then close: FIN, then RST at close; write 1 already EPIPE',
	},
	'KH-rst2b': {
		source: 'KH',
		text: 'unread data, close alone: only RST; write 1 ECONNRESET, write 2 EPIPE, read end of stream',
	},
	'KH-rst2c': { source: 'KH', text: 'unread data, shutdown(RDWR) alone: as without (write 2 EPIPE)' },
	'KH-rst2d': { source: 'KH', text: 'unread data, shutdown(WR) or shutdown(RD) alone: all writes succeed' },
	'KH-pacing1': {
		source: 'KH',
		text:
			'close with a full send buffer returns at once, no FIN yet; probes for 5 to 6 minutes, then gone without FIN ' +
			'or RST; the peer stays FIN-WAIT-2',
	},
	'KH-pacing2': { source: 'KH', text: 'a slow reader: the rest is delivered at its pace' },
	'KH-pacing3': {
		source: 'KH',
		text: 'if the peer reads only after the close, the rest is delivered, then FIN; FIN-WAIT-2 with a 60 s timer',
	},
	'KH-noack1': { source: 'KH', text: 'the server reads data although its ACKs are lost' },
	'KH-noack2': {
		source: 'KH',
		text:
			'of four 10-byte writes one leaves at once and three together as 30 bytes about 200 ms later; with ' +
			'TCP_NODELAY each leaves alone; retransmissions join them',
	},
	'KH-fw2': { source: 'KH', text: 'FIN-WAIT-2 gets its timer only by close, not by shutdown; tcp_fin_timeout sets it' },
	'KH-misc1': { source: 'KH', text: 'read or write on an own closed descriptor: EBADF' },
	'KH-misc2': { source: 'KH', text: 'write after own shutdown(WR): EPIPE' },
	'KH-misc3': {
		source: 'KH',
		text: 'read after own shutdown(RD): returns what is buffered, else end of stream at once, without blocking',
	},
	'KH-misc4': {
		source: 'KH',
		text: 'a peer whose reading side is shut down still acknowledges data, and does not close its window',
	},
	'KH-sum': {
		source: 'KH',
		text:
			'first call after an abnormal end: timeout ETIMEDOUT, FIN then RST EPIPE, RST alone ECONNRESET; every later ' +
			'read 0, every later write EPIPE',
	},
	'WI-cross1': {
		source: 'WI',
		text: 'two FINs that cross: both sides pass FIN-WAIT-1, CLOSING, TIME-WAIT (RFC 9293, 3.6, figure 13)',
	},
	'WI-cross2': {
		source: 'WI',
		text:
			'two SYNs that cross open one connection: both sides pass SYN-SENT, SYN-RECEIVED, ESTABLISHED (RFC 9293, ' +
			'3.5, figure 7)',
	},
	'WI-order1': {
		source: 'WI',
		text: 'a segment that two others overtake is not sent again (RFC 5681, 3.2: three duplicate acknowledgements)',
	},
	'WI-order2': {
		source: 'WI',
		text: 'once a connection has seen reordering, three duplicate acknowledgements prove no loss (RFC 8985, 6.2, step 4)',
	},
	'WI-order3': {
		source: 'WI',
		text: 'a segment that three others overtake is sent again at the third duplicate acknowledgement (RFC 5681, 3.2)',
	},
	'WI-order4': {
		source: 'WI',
		text: 'the receiver reports the needless copy: the first SACK block has its numbers (D-SACK; RFC 2883, 4)',
	},
	'WI-order5': {
		source: 'WI',
		text:
			'timestamps show that the copy was needless, and the sender takes the reduction of its window back (RFC 3522, ' +
			'3.2; RFC 4015, 3)',
	},
	'WI-order6': {
		source: 'WI',
		text: 'without timestamps, D-SACK shows it (RFC 3708, 2)',
	},
	'WI-order7': {
		source: 'WI',
		text: 'tcp_reordering is the number of segments that may overtake one before it counts as lost (ip-sysctl.rst)',
	},
	'WI-dup1': {
		source: 'WI',
		text: 'a data segment that arrives twice: the receiver acknowledges the copy at once, with a D-SACK (RFC 2883, 4.1)',
	},
	'WI-dup2': {
		source: 'WI',
		text: 'a SYN with ACK that arrives twice is answered by the same acknowledgement again (RFC 9293, 3.10.7.4)',
	},
	'WI-corrupt1': {
		source: 'WI',
		text: 'a segment with a wrong checksum is discarded, and nobody is told (RFC 9293, 3.1, MUST-3; RFC 1122, 3.2.2)',
	},
	'WI-corrupt2': {
		source: 'WI',
		text: 'a SYN with a wrong checksum is not even refused (RFC 9293, 3.1, MUST-3)',
	},
	'WI-queue1': {
		source: 'WI',
		text:
			'TCP_USER_TIMEOUT ends a connection whose data stays unacknowledged for longer, also while older data is still ' +
			'acknowledged (tcp(7))',
	},
	'WI-queue2': {
		source: 'WI',
		text: 'a queue that holds data for longer than TCP_USER_TIMEOUT ends a connection whose peer is alive (RFC 5482, 1)',
	},
	'WI-carrier1': {
		source: 'WI',
		text: 'a connection survives the loss of the carrier: it belongs to two sockets, not to an interface (RFC 9293, 3.4)',
	},
	'WI-carrier2': {
		source: 'WI',
		text: 'a writer whose carrier stays away is told ETIMEDOUT after tcp_retries2, as with a silent peer (tcp(7))',
	},
	'WI-oneway1': {
		source: 'WI',
		text: 'a writer that gives up cannot conclude that its data did not arrive (RFC 9293, 3.8.3)',
	},
	'WI-neigh1': {
		source: 'WI',
		text:
			'connect to a neighbour that is gone fails with EHOSTUNREACH after mcast_solicit requests, a retrans_time apart: ' +
			'3 s (arp(7); RFC 4861, 7.2.2)',
	},
	'WI-mtu1': {
		source: 'WI',
		text:
			'a way that silently loses full segments ends a bulk transfer, although its handshake and short segments pass ' +
			'(RFC 2923, 2.1)',
	},
	'WI-mtu2': {
		source: 'WI',
		text:
			'tcp_mtu_probing = 1: when a black hole is detected, the connection goes on with segments of tcp_base_mss ' +
			'(ip-sysctl.rst)',
	},
	'WI-mtu3': {
		source: 'WI',
		text: 'tcp_mtu_probing = 2: a connection begins with tcp_base_mss, and probes for more (ip-sysctl.rst)',
	},
	'WI-mtu4': {
		source: 'WI',
		text: 'what a router reports as too long is sent again at once, in shorter segments (RFC 1191, 6.5)',
	},
	'WI-inject1': { source: 'WI', text: 'a RST with the next expected number ends a connection (RFC 5961, 3.2)' },
	'WI-inject2': {
		source: 'WI',
		text: 'a RST with another number in the window is answered by a challenge ACK (RFC 5961, 3.2)',
	},
	'WI-inject3': { source: 'WI', text: 'a RST outside the window is silently discarded (RFC 5961, 3.2)' },
	'WI-inject4': { source: 'WI', text: 'a SYN in a connection is answered by a challenge ACK (RFC 5961, 4.2)' },
	'WI-inject5': {
		source: 'WI',
		text: 'data outside the window is answered by an ACK, and not delivered (RFC 9293, 3.10.7.4)',
	},
	'WI-forget1': {
		source: 'WI',
		text:
			'a firewall that forgets an idle connection tells neither host: both stay ESTAB, and nothing is on the wire ' +
			'(nf_conntrack-sysctl.rst, nf_conntrack_tcp_timeout_established)',
	},
	'WI-forget2': {
		source: 'WI',
		text:
			'a firewall drops what it has forgotten: the write succeeds and is retransmitted until ETIMEDOUT; the reader ' +
			'waits for ever (RFC 1122, 4.2.3.5; tcp(7), tcp_retries2)',
	},
	'WI-forget3': {
		source: 'WI',
		text:
			'a firewall resets what it has forgotten: the write succeeds, and the next call fails with ECONNRESET; the ' +
			'other host is not told (RFC 9293, 3.10.7.4)',
	},
	'WI-forget4': {
		source: 'WI',
		text:
			'keepalive with its default of 2 h keeps a connection known to a box that forgets idle ones after 2 h 4 min ' +
			'(RFC 1122, 4.2.3.6; RFC 5382, REQ-5)',
	},
	'WI-forget5': {
		source: 'WI',
		text:
			'keepalive with a longer time than the firewall’s: the first probe is lost, as all others, and the connection ' +
			'ends with ETIMEDOUT (tcp(7), tcp_keepalive_time)',
	},
	'WI-loose1': {
		source: 'WI',
		text:
			'nf_conntrack_tcp_loose = 1: data in the middle makes a forgotten connection known again; its sender counts as ' +
			'the one that opened it (nf_conntrack-sysctl.rst)',
	},
	'WI-loose2': {
		source: 'WI',
		text:
			'nf_conntrack_tcp_loose = 0: data in the middle makes nothing known; only a new connection passes ' +
			'(nf_conntrack-sysctl.rst)',
	},
	'WI-loose3': {
		source: 'WI',
		text:
			'with nf_conntrack_tcp_loose = 1, a FIN or RST does not make a connection known: it is lost, until the other ' +
			'side sends (nf_conntrack_proto_tcp.c, tcp_conntracks)',
	},
	'WI-loose4': {
		source: 'WI',
		text:
			'a connection that is taken up in the middle is kept for 5 minutes without a reply, and with one for 5 days ' +
			'(nf_conntrack_proto_tcp.c, nf_conntrack_tcp_timeout_unacknowledged)',
	},
	'WI-nat1': {
		source: 'WI',
		text:
			'behind masquerade, the server takes the router for its peer, with the client’s port if that is free; the ' +
			'client’s peer is the server (RFC 3022, 2.2; nft(8), masquerade)',
	},
	'WI-nat2': {
		source: 'WI',
		text: 'with a forwarded port, the client takes the router for its peer; the server’s peer is the client (nft(8), dnat)',
	},
	'WI-nat3': {
		source: 'WI',
		text:
			'masquerade that has forgotten a connection gives the client’s next data the same port, if that is still free, ' +
			'so the connection lives on (nft(8), masquerade; nf_conntrack-sysctl.rst, nf_conntrack_tcp_loose)',
	},
	'WI-nat4': {
		source: 'WI',
		text:
			'masquerade that has forgotten a connection takes the server’s segment for its own and resets the server; the ' +
			'client is not told (RFC 9293, 3.10.7.1)',
	},
} as const satisfies Record<string, { source: Source; text: string }>;
export type ClaimId = keyof typeof CLAIMS;

/** Returns whether a text is the id of a claim. */
export function isClaimId(text: string): text is ClaimId {
	return Object.hasOwn(CLAIMS, text);
}
