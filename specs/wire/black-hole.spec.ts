/**
 * Somewhere on the way, longer packets do not pass. Hosts set DF, so a router must say so (RFC 1191, 4; RFC 8201, 4). If
 * that message is filtered, the way is a black hole: the handshake and short segments pass, and full segments never do
 * (RFC 2923, 2.1). Linux can find out without the message (RFC 4821), if tcp_mtu_probing lets it.
 */
import { expect, retransmissionTimeout, retransmissionTimeoutMs, scenario } from '../../harness/index.ts';

/** The longest packet that passes, in bytes: the least that IPv6 allows (RFC 8200, 5). */
const MTU = 1_280;
/** More than the initial window of ten segments, and less than the send buffer. */
const BYTES = 20_000;
/** tcp_base_mss by default, in bytes of data: TCP_BASE_MSS in include/net/tcp.h. */
const BASE_MSS = 1_024;
/** tcp_retries1 by default: TCP_RETR1 in include/net/tcp.h. */
const retries1 = 3;
/** The timeout is reached after 6.2 s, instead of 15 minutes. */
const retries2 = 4;
const sysctls = { tcp_retries1: retries1, tcp_retries2: retries2 };

const question = 'A client sends 20,000 bytes, and packets of more than 1,280 bytes do not pass. What becomes of them?';

scenario(
	'black hole: without probing',
	{ question, claims: ['WI-mtu1'], sysctls: { ...sysctls, tcp_mtu_probing: 0 } },
	async ({ client, server, link, timeline, claim }) => {
		const listener = await (await server.socket()).listen(8080);
		const writer = await client.socket();
		await writer.connect(server.port(8080));
		const reader = await listener.accept();
		await link.mtu({ name: 'hole', bytes: MTU, icmp: false });

		await writer.send('hello');
		await expect(reader.recv()).toReturn(5);
		const waiting = writer.recv();
		await expect(writer.send('x'.repeat(BYTES))).toReturn(BYTES);
		await expect(waiting).toFailWith('ETIMEDOUT', { after: retransmissionTimeout({ retries2 }) });
		await timeline.upToDate();

		const [hello, ...sent] = timeline.segments('client').filter(({ length }) => length > 0);
		const areLost = sent.every(({ by }) => by === 'hole');
		claim('WI-mtu1', hello?.fate === 'delivered' && sent.length > 1 && areLost, {
			holds:
				`Five bytes pass, and none of ${sent.length} full segments. tcp_mtu_probing (net/ipv4/tcp_timer.c) returns at ` +
				'once, and the kernel goes on to send full segments until tcp_write_err.',
			differs: `Of ${sent.length} segments, ${sent.filter(({ by }) => by !== 'hole').length} passed.`,
		});
		await expect(server).toHaveSocket({ state: 'ESTAB', receiveQueue: 0, timer: 'none' });
		return 'They never arrive: the writer gets ETIMEDOUT, as from a dead peer, on a way that passed its first five bytes.';
	},
);

scenario(
	'black hole: with tcp_mtu_probing = 1',
	{ question, claims: ['WI-mtu2'], sysctls: { ...sysctls, tcp_retries2: 15, tcp_mtu_probing: 1 } },
	async ({ client, server, link, timeline, claim }) => {
		const listener = await (await server.socket()).listen(8080);
		const writer = await client.socket();
		await writer.connect(server.port(8080));
		const reader = await listener.accept();
		await link.mtu({ name: 'hole', bytes: MTU, icmp: false, from: 'client' });

		await expect(writer.send('x'.repeat(BYTES))).toReturn(BYTES);
		await expect(reader.recv(BYTES, 'MSG_WAITALL')).toReturn(BYTES, {
			after: { ...retransmissionTimeout({ retries2: retries1 }), atMostMs: 60_000 },
			since: 0,
		});
		await timeline.upToDate();

		const sent = timeline.segments('client').filter(({ length }) => length > 0);
		const first = sent.find(({ fate }) => fate === 'delivered');
		const waitedMs = ((first?.t ?? Number.NaN) - (sent[0]?.t ?? Number.NaN)) * 1_000;
		// tcp_write_timeout calls tcp_mtu_probing at the first expiry after the time of tcp_retries1. 10 ms are one jiffy
		// with HZ = 100.
		const detectedMs = retransmissionTimeoutMs({ retries2: retries1 });
		claim('WI-mtu2', waitedMs >= detectedMs - 10 && first?.length === BASE_MSS, {
			holds:
				`After ${(waitedMs / 1_000).toFixed(1)} s (tcp_retries1 = ${retries1} is ${detectedMs / 1_000} s) the segments have ` +
				`${first?.length} bytes, which is tcp_base_mss (tcp_mtu_probing, tcp_sync_mss).`,
			differs: `The first segment that arrived had ${first?.length} bytes, after ${waitedMs.toFixed(0)} ms.`,
		});
		return `They arrive, after a pause of ${(waitedMs / 1_000).toFixed(1)} s in which the kernel takes the way for dead.`;
	},
);

scenario(
	'black hole: with tcp_mtu_probing = 2',
	{ question, claims: ['WI-mtu3'], sysctls: { ...sysctls, tcp_mtu_probing: 2 } },
	async ({ client, server, link, timeline, claim }) => {
		const listener = await (await server.socket()).listen(8080);
		const writer = await client.socket();
		await writer.connect(server.port(8080));
		const reader = await listener.accept();
		await link.mtu({ name: 'hole', bytes: MTU, icmp: false, from: 'client' });

		await expect(writer.send('x'.repeat(BYTES))).toReturn(BYTES);
		await expect(reader.recv(BYTES, 'MSG_WAITALL')).toReturn(BYTES);
		await timeline.upToDate();
		const { TcpExtTCPMTUPFail: failed = Number.NaN } = await client.counters();

		const sent = timeline.segments('client').filter(({ length }) => length > 0);
		const usual = sent.filter(({ length }) => length <= BASE_MSS);
		const probes = sent.filter(({ length }) => length > BASE_MSS);
		const areOnlyProbesLost = usual.every(({ fate }) => fate === 'delivered');
		// The first probe is half-way between tcp_base_mss and the interface's MTU (tcp_mtu_probe), so it is too long.
		expect(probes[0]).toMatchObject({ fate: 'dropped', by: 'hole' });
		claim('WI-mtu3', sent[0]?.length === BASE_MSS && areOnlyProbesLost && failed >= 1, {
			holds:
				`The first segment has ${sent[0]?.length} bytes. Only probes of ${probes[0]?.length} bytes were lost ` +
				`(TcpExtTCPMTUPFail ${failed}), and a lost probe does not narrow the window (tcp_mtup_probe_failed).`,
			differs: `The first segment had ${sent[0]?.length} bytes, and was ${sent[0]?.fate}; ${failed} probes failed.`,
		});
		return 'They arrive without a pause. Every connection pays for it with shorter segments, until a longer probe passes.';
	},
);

scenario(
	'a small MTU that is announced',
	{ question, claims: ['WI-mtu4'], sysctls: { ...sysctls, tcp_mtu_probing: 0 } },
	async ({ client, server, link, timeline, claim }) => {
		const listener = await (await server.socket()).listen(8080);
		const writer = await client.socket();
		await writer.connect(server.port(8080));
		const reader = await listener.accept();
		await link.mtu({ name: 'narrow', bytes: MTU, icmp: true, from: 'client' });

		await expect(writer.send('x'.repeat(BYTES))).toReturn(BYTES);
		await expect(reader.recv(BYTES, 'MSG_WAITALL')).toReturn(BYTES);
		await expect(timeline).toShowSegment('< icmp fragmentation-needed');
		await timeline.upToDate();
		const { TcpExtTCPTimeouts: timeouts = Number.NaN } = await client.counters();

		const sent = timeline.segments('client').filter(({ length }) => length > 0);
		// The rest of the window may leave before the message is acted on: while `send` has the socket, it waits
		// (tcp_v4_err, TCP_MTU_REDUCED_DEFERRED).
		const again = sent.find(({ retransmission }) => retransmission);
		claim('WI-mtu4', again?.seq === 1 && again.fate === 'delivered' && timeouts === 0, {
			holds:
				`The first segment is sent again with ${again?.length} bytes, without a timeout: tcp_v4_mtu_reduced and ` +
				'tcp_v6_mtu_reduced call tcp_simple_retransmit.',
			differs: `It was sent again with ${again?.length} bytes, and was ${again?.fate}, after ${timeouts} timeouts.`,
		});
		return 'They arrive: the message says how long a packet may be, and what was lost is sent again at once.';
	},
);
