import { unmapped } from './address.ts';
import type { Endpoint, SsRow, SsTimer } from './types.ts';

/** The parsed output of `ss`, and the lines that could not be parsed. */
export interface SsReport {
	readonly rows: SsRow[];
	readonly unread: string[];
}

/**
 * The states that `ss` prints (misc/ss.c, `sstate_name`): UNCONN is a closed or bound socket, UNDEF a connection
 * request, UNKNOWN a state that is unknown to `ss`.
 */
const PRINTED_STATES = new Set(
	(
		'UNKNOWN ESTAB SYN-SENT SYN-RECV FIN-WAIT-1 FIN-WAIT-2 TIME-WAIT UNCONN CLOSE-WAIT LAST-ACK LISTEN CLOSING ' +
		'UNDEF'
	).split(' '),
);

/** State, Recv-Q, Send-Q, local and peer address, and the rest. */
const ROW = /^(\S+) +(\d+) +(\d+) +(\S+) +(\S+)(?: +(.*))?$/;

/**
 * Parses the output of `ss -tanoeiH`, with or without `-O`: one row per socket, with its details at the end or on an
 * indented line below. Lines that cannot be parsed are returned in `unread`.
 */
export function parseSs(text: string): SsReport {
	const rows: SsRow[] = [];
	const unread: string[] = [];
	for (const socket of linesBySocket(text)) {
		const row = parseSocket(socket.join(' ').replaceAll(/\s+/g, ' ').trim());
		if (row) rows.push(row);
		else unread.push(...socket);
	}
	return { rows, unread };
}

/**
 * Groups lines by socket. Without `-O`, `ss` prints a socket's internals on an indented line (misc/ss.c,
 * `inet_show_sock`), or a blank line if it has none.
 */
function linesBySocket(text: string): string[][] {
	const sockets: string[][] = [];
	for (const line of text.split(/\r?\n/)) {
		if (line.trim() === '') continue;
		const isContinued = /^\s/.test(line) && sockets.length > 0;
		if (isContinued) sockets.at(-1)?.push(line);
		else sockets.push([line]);
	}
	return sockets;
}

function parseSocket(line: string): SsRow | undefined {
	const [, state = '', receiveQueue, sendQueue, localText = '', remoteText = '', rest = ''] = ROW.exec(line) ?? [];
	if (!PRINTED_STATES.has(state)) return undefined;
	const local = parseEndpoint(localText);
	const remote = parseEndpoint(remoteText);
	if (!local || !remote) return undefined;

	const words = rest.split(' ').filter((word) => word !== '');
	const timerWord = words.find((word) => word.startsWith('timer:'));
	const timer = timerWord === undefined ? undefined : parseTimer(timerWord);
	// If the timer cannot be parsed, neither can the row: it must not look like a row without timer.
	if (timerWord !== undefined && !timer) return undefined;
	const inodeWord = words.find((word) => /^ino:\d+$/.test(word));

	return {
		state,
		receiveQueue: Number(receiveQueue),
		sendQueue: Number(sendQueue),
		local,
		remote,
		...(timer && { timer }),
		...(inodeWord && { inode: Number(inodeWord.slice('ino:'.length)) }),
		details: words.filter((word) => word !== timerWord && word !== inodeWord).join(' '),
	};
}

/**
 * Parses `1.2.3.4:80`, `*:*`, `127.0.0.53%lo:53`, `[::ffff:1.2.3.4]:80` or `[fe80::1]%eth0:80`. The interface of a
 * bound socket is ignored. The address `*` of a socket for both IPv4 and IPv6 (misc/ss.c, `inet_addr_print`) becomes
 * 0.0.0.0.
 */
function parseEndpoint(text: string): Endpoint | undefined {
	const [, bracketed, plain, portText] =
		/^(?:\[([\da-fA-F:.]+)\]|(\*|[\d.]+))(?:%[^\s:]+)?:(\*|\d{1,5})$/.exec(text) ?? [];
	const address = bracketed ?? plain;
	if (address === undefined || portText === undefined) return undefined;
	const port = portText === '*' ? 0 : Number(portText);
	if (port > 65535) return undefined;
	return { address: address === '*' ? '0.0.0.0' : unmapped(address), port };
}

/** Parses `timer:(name,time left,count)` (misc/ss.c, `tcp_timer_print`). */
function parseTimer(word: string): SsTimer | undefined {
	const [, name, left, count] = /^timer:\((on|keepalive|timewait|persist|unknown),([^,()]*),(\d+)\)$/.exec(word) ?? [];
	const leftMs = left === undefined ? undefined : parseTimeLeft(left);
	if (leftMs === undefined) return undefined;
	return { name: name as SsTimer['name'], leftMs, count: Number(count) };
}

/**
 * Parses the time left (misc/ss.c, `print_ms_timer`): `2min`, `1min58sec`, `59sec`, `3.100sec`, `204ms`, `004ms`, and
 * nothing for 0. Older versions print `3.100ms` for 3.100 s. From 10 s on there are no milliseconds, from 10 min on no
 * seconds.
 */
function parseTimeLeft(text: string): number | undefined {
	const [matched, minutes = '0', seconds = '0', fraction = '', milliseconds = '0'] =
		/^(?:(\d+)min)?(?:(\d+)(?:sec|\.(\d+)(?:ms|sec)))?(?:(\d+)ms)?$/.exec(text) ?? [];
	if (matched === undefined) return undefined;
	const fractionMs = Number(fraction.padEnd(3, '0').slice(0, 3));
	return Number(minutes) * 60_000 + Number(seconds) * 1_000 + fractionMs + Number(milliseconds);
}
