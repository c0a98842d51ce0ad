import { join } from 'node:path';

/** Passes the path of the run’s live socket to the workers: Jest forks them with its environment. */
const VARIABLE = 'HALFOPEN_LIVE';

/**
 * In bytes: sockaddr_un has 108, with a zero at the end. Node truncates a longer path, so the socket would be somewhere
 * else.
 */
const LONGEST_PATH = 107;

/** What the runner subscribes to: only waits, or also the timeline so far, for drawing. */
export type Topic = 'waits' | 'drawings';

/** Where scenarios publish what they do while they run. */
interface LiveSocket {
	/** A Unix socket’s path. */
	readonly socket: string;
	/** Absent while there is no subscriber. */
	readonly topic?: Topic;
}

/**
 * In the runner, before it has reporters: sets the path of the run’s socket, in a folder that is removed with the run.
 * A nested run inherits the environment of the outer one, so this also replaces the outer path; it is unset if the
 * folder’s path is too long for a socket.
 */
export function offerLiveSocket(folder: string): void {
	const socket = join(folder, 'live.sock');
	if (Buffer.byteLength(socket) <= LONGEST_PATH) put({ socket });
	else delete process.env[VARIABLE];
}

/** In the subscribing reporter: sets what workers publish, which are forked later. */
export function announceSubscriber(topic: Topic): void {
	const current = currentLiveSocket();
	if (current !== undefined) put({ ...current, topic });
}

/** The socket of the current run. Undefined in a run of unit tests: it has no labs and nothing to publish. */
export function currentLiveSocket(): LiveSocket | undefined {
	const value = process.env[VARIABLE];
	return value === undefined ? undefined : (JSON.parse(value) as LiveSocket);
}

function put(live: LiveSocket): void {
	process.env[VARIABLE] = JSON.stringify(live);
}
