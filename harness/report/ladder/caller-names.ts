import type { HostName } from '../../timeline/events.ts';
import type { Call } from './item.ts';

/**
 * Names whoever made a call: nobody where a host has one program with one process, else the program, `socat[2]` for its
 * second process.
 */
export class CallerNames {
	readonly #peers: Record<HostName, Set<string>> = { client: new Set(), server: new Set() };
	readonly #processes = new Map<string, Map<number, number>>();
	/** Threads by process, where several blocked at once. */
	readonly #threads = new Map<string, Map<number, number>>();

	/** `drawn`: the calls that are drawn, by their begin; threads of no interest to the reader are not told apart. */
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

	/** With a colon and a space behind it, or empty. */
	before({ host, peer, pid, tid = pid }: Call): string {
		const processes = this.#processes.get(`${host} ${peer}`);
		const process = processes?.get(pid) ?? 1;
		const thread = this.#threads.get(`${host} ${pid}`)?.get(tid);
		const suffix = `${process > 1 ? `[${process}]` : ''}${thread === undefined || thread === 1 ? '' : `/${thread}`}`;
		const isAlone = this.#peers[host].size < 2 && (processes?.size ?? 0) < 2 && thread === undefined;
		return isAlone ? '' : `${peer}${suffix}: `;
	}
}

/** Numbers what comes, from 1. */
function number(groups: Map<string, Map<number, number>>, group: string, id: number): void {
	const numbers = groups.get(group) ?? new Map<number, number>();
	groups.set(group, numbers);
	if (!numbers.has(id)) numbers.set(id, numbers.size + 1);
}
