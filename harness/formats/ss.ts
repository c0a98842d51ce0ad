import { unmapped } from './address.ts';
import type { Endpoint, SsRow, SsTimer } from './types.ts';

/** What `ss` said, and every line of it that is no socket as we know them. */
export interface SsReport {
	readonly rows: SsRow[];
	readonly unread: string[];
}

/**
 * `sstate_name` (misc/ss.c): UNCONN is a closed or bound socket, UNDEF a connection request, UNKNOWN a state that ss
 * itself does not know.
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
 * Reads the output of `ss -tanoeiH`, with or without `-O`: a row per socket, its details behind it or on an indented
 * line below it. Order is kept. Foreign lines are returned in `unread`; they do not disturb the rows around them.
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
 * Without `-O`, ss breaks the line before a socket's internals and indents them (misc/ss.c, `inet_show_sock`); a socket
 * that has none leaves a blank line.
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
	// A row that has a timer must not look like one that has none.
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
 * `1.2.3.4:80`, `*:*`, `127.0.0.53%lo:53`, `[::ffff:1.2.3.4]:80`, `[fe80::1]%eth0:80`. The interface of a bound socket
 * is left out: an endpoint is an address and a port.
 * `*` is the wildcard of a socket that takes both IPv4 and IPv6 (misc/ss.c, `inet_addr_print`), hence also 0.0.0.0.
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

/** `tcp_timer_print` (misc/ss.c): `timer:(name,time left,count)`. */
function parseTimer(word: string): SsTimer | undefined {
	const [, name, left, count] = /^timer:\((on|keepalive|timewait|persist|unknown),([^,()]*),(\d+)\)$/.exec(word) ?? [];
	const leftMs = left === undefined ? undefined : parseTimeLeft(left);
	if (leftMs === undefined) return undefined;
	return { name: name as SsTimer['name'], leftMs, count: Number(count) };
}

/**
 * `print_ms_timer` (misc/ss.c): `2min`, `1min58sec`, `59sec`, `3.100sec`, `204ms`, `004ms`, and nothing for 0. Older
 * versions print
 * `3.100ms` where they mean 3.100 s. From 10 s on there are no milliseconds, from 10 min on no seconds.
 */
function parseTimeLeft(text: string): number | undefined {
	const [matched, minutes = '0', seconds = '0', fraction = '', milliseconds = '0'] =
		/^(?:(\d+)min)?(?:(\d+)(?:sec|\.(\d+)(?:ms|sec)))?(?:(\d+)ms)?$/.exec(text) ?? [];
	if (matched === undefined) return undefined;
	const fractionMs = Number(fraction.padEnd(3, '0').slice(0, 3));
	return Number(minutes) * 60_000 + Number(seconds) * 1_000 + fractionMs + Number(milliseconds);
}
