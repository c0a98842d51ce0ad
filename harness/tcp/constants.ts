/** TCP_RTO_MIN, TCP_TIMEOUT_INIT, TCP_RTO_MAX and TCP_TIMEWAIT_LEN, in ms (include/net/tcp.h). */
export const RTO_MIN_MS = 200;
export const TIMEOUT_INIT_MS = 1_000;
export const RTO_MAX_MS = 120_000;
export const TIMEWAIT_MS = 60_000;

/**
 * TCP_DELACK_MIN and TCP_DELACK_MAX, the shortest and the longest delay of a delayed ACK, in ms (include/net/tcp.h).
 * TCP_ATO_MIN, the first delay, is the same as TCP_DELACK_MIN.
 */
export const DELACK_MIN_MS = 40;
export const DELACK_MAX_MS = 200;
