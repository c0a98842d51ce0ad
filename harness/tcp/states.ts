/** TCP states in the spelling of `ss` (misc/ss.c, `sstate_name`). */
export const STATES = [
	'LISTEN',
	'SYN-SENT',
	'SYN-RECV',
	'ESTAB',
	'FIN-WAIT-1',
	'FIN-WAIT-2',
	'CLOSE-WAIT',
	'CLOSING',
	'LAST-ACK',
	'TIME-WAIT',
	'CLOSED',
] as const;
export type State = (typeof STATES)[number];

/**
 * The states that may follow each state (RFC 9293, figure 5; simultaneous open included). CLOSED may follow any of
 * them.
 */
const NEXT: Readonly<Record<State, readonly State[]>> = {
	LISTEN: ['SYN-RECV', 'SYN-SENT'],
	'SYN-SENT': ['SYN-RECV', 'ESTAB'],
	'SYN-RECV': ['ESTAB', 'FIN-WAIT-1', 'CLOSE-WAIT'],
	ESTAB: ['FIN-WAIT-1', 'CLOSE-WAIT'],
	'FIN-WAIT-1': ['FIN-WAIT-2', 'CLOSING', 'TIME-WAIT'],
	'FIN-WAIT-2': ['TIME-WAIT'],
	'CLOSE-WAIT': ['LAST-ACK'],
	CLOSING: ['TIME-WAIT'],
	'LAST-ACK': [],
	'TIME-WAIT': [],
	CLOSED: [],
};

/**
 * Whether a connection in the state `from`, as `ss` prints it, is in the state `to` or can still reach it. If `from` is
 * no TCP state (UNCONN, UNKNOWN), any state can follow.
 */
export function canReach(from: string, to: State): boolean {
	return from === to || to === 'CLOSED' || !isState(from) || NEXT[from].some((next) => canReach(next, to));
}

function isState(name: string): name is State {
	return Object.hasOwn(NEXT, name);
}

/** The names of timers in `ss` (misc/ss.c, `tmr_name`). */
export const TIMER_NAMES = ['on', 'keepalive', 'timewait', 'persist', 'unknown'] as const;
export type TimerName = (typeof TIMER_NAMES)[number];
