import type { TraceRecord } from '../formats/types.ts';

interface Period {
	readonly on: number;
	off: number;
	/** Connections that this boot opened. */
	readonly opened: Set<string>;
}

/**
 * Tells which boot of a host an event of the kernel belongs to. All boots have the same addresses, and the stack of a
 * dead one goes on for minutes: its sockets are closed, time out, retransmit into nothing. Those events are ghosts.
 */
export class Boots {
	readonly #periods: Period[] = [];

	/** The host was switched on; times are seconds since the epoch. */
	on(t: number): void {
		this.#periods.push({ on: t, off: Number.POSITIVE_INFINITY, opened: new Set() });
	}

	off(t: number): void {
		const period = this.#periods.at(-1);
		if (period) period.off = t;
	}

	/** Number of the boot to come; the first is 1. */
	get next(): number {
		return this.#periods.length + 1;
	}

	attribute(t: number, record: Exclude<TraceRecord, { kind: 'lost' }>): { boot: number; ghost?: true } {
		const boot = Math.max(1, this.#periods.filter(({ on }) => on <= t).length);
		const period = this.#periods[boot - 1];
		if (!period || t >= period.off) return { boot, ghost: true };
		// A reset that no socket sends is the running stack's: a dead one receives nothing that it could answer.
		if (record.kind === 'reset') return { boot };
		const remote = `${record.remote.address}:${record.remote.port}`;
		const connection = `${record.local.port} ${remote}`;
		// A connecting socket enters SYN-SENT before it has a port; its first SYN again is what may tell the port first.
		if (record.kind === 'retransmit' && record.state === 'SYN-SENT' && period.opened.has(`0 ${remote}`))
			period.opened.add(connection);
		if (record.kind === 'state' && ['CLOSED', 'LISTEN', 'SYN-RECV', 'SYN-SENT'].includes(record.from))
			period.opened.add(connection);
		const opener = 1 + this.#periods.slice(0, boot).findLastIndex(({ opened }) => opened.has(connection));
		if (opener > 0) return opener === boot ? { boot } : { boot: opener, ghost: true };
		// An attempt that fails is reported before it is closed, which is what tells its port (tcp_write_err, tcp_v4_err).
		return boot === 1 || period.opened.has(`0 ${remote}`) ? { boot } : { boot: boot - 1, ghost: true };
	}
}
