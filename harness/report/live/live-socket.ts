import { join } from 'node:path';

/** How the place of a run’s live output reaches the workers: Jest forks them with its environment. */
const VARIABLE = 'HALFOPEN_LIVE';

/**
 * In bytes: sockaddr_un has 108, with a zero at the end. Node cuts a longer one, and the socket would lie somewhere
 * else.
 */
const LONGEST_PATH = 107;

/** What the runner wants to be told: what is waited for, or the whole history besides, for drawing. */
export type Wanted = 'waits' | 'drawings';

/** Where scenarios tell what they do while they do it. */
interface LiveSocket {
	/** A Unix socket’s path. */
	readonly socket: string;
	/** Absent for as long as nobody listens. */
	readonly wanted?: Wanted;
}

/**
 * In the runner, before it has reporters: says where one may listen, in a folder that goes with the run. A run within a
 * test of another run inherits its environment; from here on it has a place of its own, or none where the folder’s path
 * is too long for a socket.
 */
export function offerLiveSocket(folder: string): void {
	const socket = join(folder, 'live.sock');
	if (Buffer.byteLength(socket) <= LONGEST_PATH) put({ socket });
	else delete process.env[VARIABLE];
}

/** In the reporter that listens: tells the workers, which are yet to be forked. */
export function announceSubscriber(wanted: Wanted): void {
	const place = currentLiveSocket();
	if (place !== undefined) put({ ...place, wanted });
}

/** The place of the current run, if it has one: a run of unit tests has no labs, and nothing to tell. */
export function currentLiveSocket(): LiveSocket | undefined {
	const place = process.env[VARIABLE];
	return place === undefined ? undefined : (JSON.parse(place) as LiveSocket);
}

function put(place: LiveSocket): void {
	process.env[VARIABLE] = JSON.stringify(place);
}
