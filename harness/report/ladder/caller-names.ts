import { forEachNode } from '../../timeline/events.ts';
import type { Call } from './item.ts';

/**
 * Returns names of callers: empty if a host has one program with one process, otherwise the program's name, and
 * `socat[2]` for its second process.
 */
export class CallerNames {
	readonly #peers = forEachNode(() => new Set<string>());
	readonly #processes = new Map<string, Map<number, number>>();
	/** Threads by process, if several of them blocked at once. */
	readonly #threads = new Map<string, Map<number, number>>();

	/** `drawn` are the calls that are drawn, in the order of time. Threads without such calls get no numbers. */
	constructor(drawn: readonly Call[], end: number) {
		for (const { host, peer, pid } of drawn) {
			this.#peers[host].add(peer);
			number(this.#processes, `${host} ${peer}`, pid);
		}
		const busy = new Map<string, { tid: number; until: number }>();
		for (const call of drawn) {
			if (call.source === 'socket') continue;
			const process = `${call.host} ${call.pid}`;
			const tid = call.tid ?? call.pid;
			const until = call.took === undefined ? end : call.t + call.took;
			const other = busy.get(process);
			if (other !== undefined && other.tid !== tid && other.until > call.t) {
				number(this.#threads, process, call.pid);
				number(this.#threads, process, other.tid);
				number(this.#threads, process, tid);
			}
			if (other === undefined || until >= other.until || other.tid === tid) busy.set(process, { tid, until });
		}
	}

	/** Returns the name with a colon and a space, or an empty string. */
	prefixOf({ host, peer, pid, tid = pid }: Call): string {
		const processes = this.#processes.get(`${host} ${peer}`);
		const process = processes?.get(pid) ?? 1;
		const thread = this.#threads.get(`${host} ${pid}`)?.get(tid);
		const suffix = `${process > 1 ? `[${process}]` : ''}${thread === undefined || thread === 1 ? '' : `/${thread}`}`;
		const isAlone = this.#peers[host].size < 2 && (processes?.size ?? 0) < 2 && thread === undefined;
		return isAlone ? '' : `${peer}${suffix}: `;
	}
}

/** Numbers the ids of a group in the order of their first occurrence, from 1. */
function number(groups: Map<string, Map<number, number>>, group: string, id: number): void {
	const numbers = groups.get(group) ?? new Map<number, number>();
	groups.set(group, numbers);
	if (!numbers.has(id)) numbers.set(id, numbers.size + 1);
}
