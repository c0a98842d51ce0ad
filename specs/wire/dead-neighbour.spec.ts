/**
 * Nobody on the link has the peer's address any more. The kernel asks for its MAC address with ARP, or over IPv6 with
 * neighbour discovery. How soon does a program that connects learn that nobody answers? An established connection only
 * learns it when its retransmissions end (specs/puzzlers/power-off).
 */
import { expect, scenario, spanOf } from '../../harness/index.ts';

/** mcast_solicit and retrans_time_ms (arp(7)); MAX_MULTICAST_SOLICIT and RETRANS_TIMER over IPv6 (RFC 4861, 10). */
const [asks, intervalMs] = [3, 1_000];

scenario(
	'dead neighbour: connect',
	{
		question: 'The server is off, and the client’s neighbour entry for it is gone. When does connect fail, and how?',
		claims: ['WI-neigh1'],
	},
	async ({ client, server, timeline, claim }) => {
		await server.powerOff();
		await client.forgetNeighbour();
		const caller = await client.socket();
		const connect = caller.connect(server.port(8080));
		// neigh_timer_handler, then arp_error_report or ndisc_error_report: the own stack answers the SYN with an ICMP
		// error, which ends a connection in SYN-SENT at once (tcp_v4_err, tcp_v6_err).
		await expect(connect).toFailWith('EHOSTUNREACH', { after: spanOf(asks * intervalMs) });
		await expect(client).toHaveNoSocket();
		await timeline.upToDate();
		const [call] = timeline.calls('connect', 'client');
		const seconds = call?.took ?? Number.NaN;
		// A second more or less is allowed. Without the error, connect would take two minutes (tcp_syn_retries).
		claim('WI-neigh1', call?.errno === 'EHOSTUNREACH' && Math.abs(seconds - (asks * intervalMs) / 1_000) < 1, {
			holds: `connect failed after ${seconds.toFixed(1)} s: ${asks} requests, ${intervalMs} ms apart, without an answer.`,
			differs: `connect returned ${call?.errno ?? call?.returned} after ${seconds.toFixed(1)} s.`,
		});
		return `With EHOSTUNREACH, after ${seconds.toFixed(1)} s. With a pinned entry, it would be ETIMEDOUT after two minutes.`;
	},
);
