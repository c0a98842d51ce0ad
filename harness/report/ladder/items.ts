import { describeEvent, describeRow } from '../../timeline/describe.ts';
import type { Event, EventOf, HostName, TimelineFile } from '../../timeline/events.ts';
import { duration } from '../words.ts';
import { CallSelection, failed, resultOf, shortArguments, waits } from './calls.ts';
import type { Connections } from './connections.ts';
import type { Arrow, Block, Breakage, Caption, Mark, MarkKind, Repeat } from './model.ts';
import { SocketNews } from './sockets.ts';
import { inLanes, type Unplaced } from './spans.ts';

/** One thing to draw, before things of one moment are put in one row. `key` says what counts as the same thing again; `alike` does so without sequence numbers. */
export type Item = { readonly t: number; readonly until: number; readonly key: string; readonly alike: string } & (
	| { readonly slot: HostName; readonly mark: Mark }
	| { readonly slot: 'wire'; readonly arrow: Arrow }
	| { readonly slot: 'full'; readonly row: Caption | Breakage | Repeat }
);

/** What stands at one host. */
type OfHost = Exclude<Event, { kind: 'step' }>;

/** A call that took this long has blocked: it is drawn when it began and again when it returned. */
const BLOCKED_SECONDS = 0.1;

/** What of a timeline is drawn: items in the order of time, and the calls that blocked. */
export function itemsOf(timeline: TimelineFile, connections: Connections, end: number): { items: Item[]; blocks: Block[] } {
	return new Itemizer(timeline, connections, end).drawn();
}

/** A call that blocks: since when, and what it says of itself. */
interface Blocking {
	readonly host: HostName;
	readonly waiting: string;
	readonly t: number;
	readonly title: string;
}

class Itemizer {
	readonly #timeline: TimelineFile;
	readonly #connections: Connections;
	readonly #calls = new CallSelection();
	readonly #sockets: SocketNews;
	readonly #crowded: Record<HostName, boolean>;
	readonly #boots: Record<HostName, number> = { client: 1, server: 1 };
	readonly #faultsById: ReadonlyMap<string, EventOf<'fault'>>;
	readonly #blocking = new Map<string, Blocking>();
	readonly #blocks: (Unplaced<Block> & { key: string })[] = [];
	readonly #end: number;
	readonly #items: Item[] = [];
	#faults = 0;

	constructor(timeline: TimelineFile, connections: Connections, end: number) {
		this.#end = end;
		this.#faultsById = new Map(timeline.events.flatMap((event) => (event.kind === 'fault' ? [[event.id, event]] : [])));
		this.#timeline = timeline;
		this.#connections = connections;
		this.#sockets = new SocketNews();
		this.#crowded = { client: peersAt(timeline, 'client') > 1, server: peersAt(timeline, 'server') > 1 };
	}

	drawn(): { items: Item[]; blocks: Block[] } {
		for (const event of this.#timeline.events) {
			// What a machine without power could not have done is recorded, but is no part of the story.
			if ('ghost' in event && event.ghost === true) continue;
			if ('boot' in event && event.boot !== undefined && event.kind !== 'segment') {
				// What an earlier boot left behind is not the host that is there now.
				if (event.boot < this.#boots[event.host]) continue;
				this.#boots[event.host] = event.boot;
			}
			this.#add(event);
		}
		for (const thread of this.#blocking.keys()) this.#unblock(thread, this.#end, false, 'still blocked at the end');
		return { items: this.#items.sort((a, b) => a.t - b.t), blocks: inLanes(this.#blocks) };
	}

	#add(event: TimelineFile['events'][number]): void {
		switch (event.kind) {
			case 'step':
				this.#full({ kind: 'step', t: event.t, text: event.text });
				break;
			case 'fault':
				this.#full({ kind: 'fault', t: event.t, host: event.host, id: event.id, phase: event.phase, text: event.text, proof: event.proof });
				break;
			case 'segment':
				this.#segment(event);
				break;
			case 'call':
				this.#call(event);
				break;
			case 'icmp':
				this.#mark(event, 'error', `sends ICMP ${event.name}`);
				break;
			case 'state':
				this.#state(event);
				break;
			case 'sockets':
				for (const { text, row } of this.#sockets.look(event)) this.#mark(event, 'sockets', 'ss: ', '', text, describeRow(row));
				break;
			case 'process':
				this.#process(event);
				break;
			case 'output':
				this.#mark(event, 'output', `${event.peer} prints `, JSON.stringify(event.text.replace(/\n$/, '')));
				break;
			case 'error':
				this.#mark(event, 'error', event.source === 'kernel' ? 'kernel: ' : 'SO_ERROR: ', '', event.errno);
				break;
			case 'reset':
				this.#reset(event);
				break;
			case 'retransmit':
				// The segment itself is drawn, as a retransmission.
				break;
		}
	}

	#full(row: Caption | Breakage): void {
		this.#faults += 1;
		const key = `full ${this.#faults}`;
		this.#items.push({ slot: 'full', t: row.t, until: row.t, key, alike: key, row });
	}

	#segment(event: EventOf<'segment'>): void {
		const { t, host, flags, seq, ack, length, fate, retransmission, arrived } = event;
		const connection = this.#connections.labelOf(host, { local: event.from, remote: event.to });
		const alike = `wire ${connection ?? ''} ${host} ${flags} ${length} ${fate} ${event.by ?? ''} ${retransmission}`;
		const fault = this.#faultsById.get(event.by ?? '');
		// A segment names the fault that dropped it by id or in words.
		const by = fault?.text ?? event.by;
		const lostAt = fault?.what === 'packets' ? fault.host : undefined;
		const title = segmentInWords(event, by);
		const arrow: Arrow = { t, until: t, times: 1, from: host, connection, flags, seq, ack, length, fate, by, retransmission, arrived, lostAt, title };
		this.#items.push({ slot: 'wire', t, until: t, key: `${alike} ${seq}`, alike, arrow });
	}

	#call(event: EventOf<'call'>): void {
		const drawn = this.#calls.isDrawn(event);
		const thread = threadOf(event);
		const head = `${this.#crowded[event.host] ? `${event.peer}: ` : ''}${event.name}`;
		const args = shortArguments(event);
		const title = describeEvent(event).trim();
		const unfinished = event.returned === undefined && event.errno === undefined;
		const blocked = unfinished || (event.took ?? 0) >= BLOCKED_SECONDS;
		// A wait that is not drawn when it ends (typed text, a turn of an event loop) and begins anew is one wait to the reader.
		if (blocked && (drawn || (waits(event) && !event.name.startsWith('epoll')))) {
			const waiting = `${head}(${args})`;
			if (this.#blocking.get(thread)?.waiting !== waiting) {
				this.#unblock(thread, event.t, false, 'until then');
				this.#mark(event, 'call', `${head}(`, args, ') …');
				this.#blocking.set(thread, { host: event.host, waiting, t: event.t, title });
			}
		}
		if (!drawn || unfinished) return;
		const kind = failed(event) ? 'failed-call' : 'call';
		const end = { ...event, t: event.t + (event.took ?? 0) };
		this.#unblock(
			thread,
			blocked ? end.t : event.t,
			blocked && failed(event),
			blocked ? `returned after ${duration(end.t - event.t)}` : 'until then',
		);
		if (blocked) this.#mark(end, kind, `… ${head}`, '', resultOf(event));
		else this.#mark(event, kind, `${head}(`, args, `)${resultOf(event)}`);
	}

	/** Who has ended is in no call any more. */
	#unblockAll({ host, peer, t }: EventOf<'process'>): void {
		for (const thread of this.#blocking.keys()) if (thread.startsWith(`${host} ${peer} `)) this.#unblock(thread, t, false, 'until its end');
	}

	#unblock(thread: string, until: number, failed: boolean, how: string): void {
		const blocking = this.#blocking.get(thread);
		if (blocking === undefined) return;
		this.#blocking.delete(thread);
		const { host, t, title } = blocking;
		this.#blocks.push({ host, key: `${this.#blocks.length}`, t, until: Math.max(t, until), failed, title: `${title}\n${how}` });
	}

	#state(event: EventOf<'state'>): void {
		const label = this.#connections.labelOf(event.host, event);
		this.#sockets.stateTold(event);
		this.#mark(event, 'state', `${label === undefined ? '' : `${label} `}[${event.to}]${event.how === 'sampled' ? '*' : ''}`);
	}

	#process(event: EventOf<'process'>): void {
		if (event.what === 'exited') this.#unblockAll(event);
		const texts = {
			started: ['$ ', event.text, ''],
			typed: [`${event.peer} is typed `, JSON.stringify(event.text), ''],
			signalled: [`${event.peer} gets `, '', event.text],
			exited: [`${event.peer} ends: `, '', event.text],
		} as const;
		const [head, detail, tail] = texts[event.what];
		this.#mark(event, 'process', head, detail, tail);
	}

	/** A reset that arrived is told by its segment; the kernel's event adds only the reason. */
	#reset(event: EventOf<'reset'>): void {
		if (event.direction === 'received' && event.reason === undefined) return;
		this.#mark(event, 'reset', event.direction === 'sent' ? 'resets: ' : 'is reset: ', '', event.reason ?? 'no reason given');
	}

	#mark(event: OfHost, kind: MarkKind, head: string, detail = '', tail = '', title = describeEvent(event).trim()): void {
		const { host, t } = event;
		const key = `${host} ${head}${detail}${tail}`;
		this.#items.push({ slot: host, t, until: t, key, alike: key, mark: { kind, t, head, detail, tail, times: 1, title } });
	}
}

/** A process that is told its calls makes each in a thread of its own, so that several may block. */
function threadOf({ host, peer, pid, source, name, fd }: EventOf<'call'>): string {
	return [host, peer, pid, ...(source === 'socket' ? [name, fd ?? ''] : [])].join(' ');
}

/** All that was recorded of a segment. */
function segmentInWords(event: EventOf<'segment'>, by: string | undefined): string {
	const { t, host, from, to, flags, seq, ack, length, window, absolute, fate, arrived, retransmission } = event;
	const fates = {
		delivered: arrived === undefined ? 'delivered' : `arrived ${((arrived - t) * 1e6).toFixed(0)} µs later`,
		dropped: `dropped by ${by ?? 'a fault'}`,
		unobserved: 'nobody was there to receive it',
		unknown: `nobody knows what became of it: ${event.by ?? 'an observer'} had failed`,
	};
	return [
		`${host} ${from.address}:${from.port} → ${to.address}:${to.port}`,
		`${flags} seq ${seq} ack ${ack} len ${length} win ${window}${retransmission ? ', a retransmission' : ''}`,
		`sent ${t.toFixed(6)} s, ${fates[fate]}`,
		`absolute: seq ${absolute.seq} ack ${absolute.ack}`,
	].join('\n');
}

function peersAt({ events }: TimelineFile, host: HostName): number {
	return new Set(events.flatMap((event) => (event.kind === 'call' && event.host === host ? [event.peer] : []))).size;
}
