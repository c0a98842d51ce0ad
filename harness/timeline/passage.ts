import type { PacketChange } from './events.ts';

/**
 * What the relay on the wire does with a packet. It changes as the relay reports more. All times are in seconds since
 * the epoch.
 */
export interface Passage {
	/** `copied`: the packet itself was not taken, only a copy of it. `injected`: no host has sent it. */
	kind: 'relayed' | 'copied' | 'injected';
	/** For the copy of a packet that the relay took: the passage of that packet. */
	readonly original?: Passage;
	/** What faults have done to it, in order. */
	readonly changes: Change[];
	/** The fault that it is from: of a copy, or of an injected packet. */
	by?: string;
	/** When it left the wire for the receiver. */
	sent?: number;
	/** The fault that has lost it. */
	lostBy?: string;
}

/** A change of the packet itself. A duplicate is a packet of its own, and has its own passage. */
export interface Change extends Pick<PacketChange, 'by' | 't'> {
	what: Exclude<PacketChange['what'], 'duplicated'>;
	until?: number;
	overtakenBy?: number;
}
