/**
 * Letters of TCP flags in the order in which tcpdump writes them, each with its bit (RFC 9293, 3.1; tcpdump
 * print-tcp.c, `tcp_flag_values`). The ninth, AE, is the lowest bit of the byte before the other eight (RFC 9768, 3.1).
 */
export const FLAG_BITS = [
	['F', 0x01],
	['S', 0x02],
	['R', 0x04],
	['P', 0x08],
	['.', 0x10],
	['U', 0x20],
	['E', 0x40],
	['W', 0x80],
	['e', 0x100],
] as const;

/** Flags in the patterns of specs, in tcpdump's notation. */
export type Flags = 'S' | 'S.' | '.' | 'P.' | 'F.' | 'FP.' | 'R' | 'R.' | 'F' | 'P' | '.U' | 'P.U' | EcnFlags | 'none';

/**
 * Flags with Explicit Congestion Notification. In the handshake they negotiate it: `SEW` (RFC 3168, 6.1.1), `SEWe`
 * (Accurate ECN, RFC 9768, 3.1.1). Later they signal congestion (`.E`) and confirm it (`.W`), or they are the counter
 * of Accurate ECN, which begins with 5 (`.Ee`; RFC 9768, 3.2.2).
 */
type EcnFlags = `${string}${'E' | 'W' | 'e'}`;

/** The flags of segments that a third party can send with `link.inject`. */
export const INJECTED_FLAGS = ['S', 'S.', '.', 'P.', 'F.', 'R', 'R.'] as const;
export type InjectedFlags = (typeof INJECTED_FLAGS)[number];
