import type { TraceRecord } from '../formats/types.ts';

/** A boot of a host: from power on to power off. */
interface Period {
	readonly on: number;
	off: number;
	/** The connections that this boot opened. */
	readonly opened: Set<string>;
}

/**
 * Finds the boot of a host to which a trace event belongs. All boots have the same addresses, and the stack of an
 * earlier boot continues for minutes: its sockets are closed, time out, and retransmit into nothing. These events are
 * ghosts.
 */
export class Boots {
	readonly #periods: Period[] = [];

	/** Records that the host was powered on, at `t` seconds since the epoch. */
	on(t: number): void {
		this.#periods.push({ on: t, off: Number.POSITIVE_INFINITY, opened: new Set() });
	}

	/** Records that the host was powered off, at `t` seconds since the epoch. */
	off(t: number): void {
		const period = this.#periods.at(-1);
		if (period) period.off = t;
	}

	/** The number of the next boot; the first is 1. */
	get next(): number {
		return this.#periods.length + 1;
	}

	/** Returns the boot of a trace event, and whether the event is a ghost. */
	attribute(t: number, record: Exclude<TraceRecord, { kind: 'lost' }>): { boot: number; ghost?: true } {
		const boot = Math.max(1, this.#periods.filter(({ on }) => on <= t).length);
		const period = this.#periods[boot - 1];
		if (!period || t >= period.off) return { boot, ghost: true };
		// The running stack sends a RST without a socket: a stack without power receives nothing that it could answer.
		if (record.kind === 'reset') return { boot };
		const remote = `${record.remote.address}:${record.remote.port}`;
		const connection = `${record.local.port} ${remote}`;
		// A connecting socket enters SYN-SENT before it has a port. Its first retransmission may be the first event with
		// it.
		if (record.kind === 'retransmit' && record.state === 'SYN-SENT' && period.opened.has(`0 ${remote}`))
			period.opened.add(connection);
		if (record.kind === 'state' && ['CLOSED', 'LISTEN', 'SYN-RECV', 'SYN-SENT'].includes(record.from))
			period.opened.add(connection);
		const opener = 1 + this.#periods.slice(0, boot).findLastIndex(({ opened }) => opened.has(connection));
		if (opener > 0) return opener === boot ? { boot } : { boot: opener, ghost: true };
		// The error of a failed attempt is reported before the change to CLOSED, which is the first state change with the
		// port (tcp_write_err, tcp_v4_err).
		return boot === 1 || period.opened.has(`0 ${remote}`) ? { boot } : { boot: boot - 1, ghost: true };
	}
}
