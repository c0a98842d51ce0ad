import { describeEvent, describeRow } from '../../timeline/describe.ts';
import type { Event, EventOf, HostName } from '../../timeline/events.ts';
import type { Loss, TimelineFile } from '../../timeline/timeline-file.ts';
import { duration } from '../text-format.ts';
import { CallConnections } from './call-connections.ts';
import { acts, argumentsAtFirst, failed, resultOf, shortArguments, waits } from './call-items.ts';
import { CallPlacement } from './call-placement.ts';
import { CallerNames } from './caller-names.ts';
import { causesAmong } from './causes.ts';
import type { Connections } from './connections.ts';
import type { Call, Item } from './item.ts';
import type { BlockedCall, FaultRow, LossRow, Mark, MarkKind, StepRow } from './model.ts';
import { inCausalOrder } from './order.ts';
import { PacketArrows } from './packet-arrows.ts';
import { SocketChanges } from './socket-changes.ts';
import type { Placed } from './spans.ts';

/** What stands at one host. */
type OfHost = Exclude<Event, { kind: 'step' }>;

/** What of a timeline is drawn: items in the order of time, none before its cause, and the calls that blocked. */
export function itemsOf(
	timeline: TimelineFile,
	connections: Connections,
	end: number,
): { items: Item[]; blocks: Placed<BlockedCall>[] } {
	const { items, blocks } = new Itemizer(timeline, connections, end).drawn();
	const inTime = items.sort((one, other) => one.t - other.t);
	const causes = causesAmong(inTime);
	return { items: inCausalOrder(inTime.length, causes).map((index) => inTime[index] as Item), blocks };
}

/** A call that blocks: since when, and what it says of itself. */
interface OpenCall {
	readonly host: HostName;
	readonly waiting: string;
	readonly t: number;
	readonly title: string;
	readonly connection: string | undefined;
}

/** What a mark says: `detail` is cut first where there is no room. */
interface MarkText {
	readonly head: string;
	readonly detail?: string;
	readonly tail?: string;
	readonly title?: string;
	/** The same without what tells one connection from another. */
	readonly alike?: string;
	readonly sort?: string;
}

/** What else is known of what a mark stands for. */
interface MarkContext {
	readonly connection?: string | undefined;
	readonly part?: 'begin' | 'end' | undefined;
	readonly acts?: boolean;
}

class Itemizer {
	readonly #events: readonly Event[];
	readonly #losses: readonly Loss[];
	readonly #connections: Connections;
	readonly #calls: CallPlacement;
	readonly #callConnections: CallConnections;
	readonly #callerNames: CallerNames;
	readonly #wire: PacketArrows;
	readonly #sockets: SocketChanges;
	readonly #boots: Record<HostName, number> = { client: 1, server: 1 };
	readonly #blocking = new Map<string, OpenCall>();
	readonly #blocks: Placed<BlockedCall>[] = [];
	readonly #end: number;
	readonly #items: Item[] = [];
	#full = 0;

	constructor(timeline: TimelineFile, connections: Connections, end: number) {
		const { events, losses } = timeline;
		this.#end = end;
		this.#events = events;
		this.#losses = losses;
		this.#connections = connections;
		this.#calls = new CallPlacement(events);
		this.#callConnections = new CallConnections(events, connections);
		this.#callerNames = new CallerNames(this.#calls.drawn, end);
		this.#wire = new PacketArrows(timeline, connections);
		this.#sockets = new SocketChanges(connections);
	}

	drawn(): { items: Item[]; blocks: Placed<BlockedCall>[] } {
		for (const loss of this.#losses) this.#loss(loss);
		for (const event of this.#events) {
			// What a machine without power could not have done is recorded, but is no part of the story.
			if ('ghost' in event && event.ghost === true) continue;
			if (event.kind !== 'segment' && event.kind !== 'icmp' && 'boot' in event && event.boot !== undefined) {
				// What an earlier boot left behind is not the host that is there now.
				if (event.boot < this.#boots[event.host]) continue;
				this.#boots[event.host] = event.boot;
			}
			this.#add(event);
		}
		for (const thread of this.#blocking.keys()) this.#unblock(thread, this.#end, false, 'still blocked at the end');
		return { items: this.#items, blocks: this.#blocks };
	}

	#add(event: Event): void {
		switch (event.kind) {
			case 'step':
				this.#across({ kind: 'step', t: event.t, text: event.text });
				break;
			case 'fault':
				this.#across({
					kind: 'fault',
					t: event.t,
					host: event.host,
					id: event.id,
					phase: event.phase,
					text: event.text,
					proof: event.proof,
				});
				break;
			case 'segment':
				this.#items.push(this.#wire.segment(event));
				break;
			case 'icmp':
				this.#items.push(this.#wire.icmp(event));
				break;
			case 'call':
				this.#call(event);
				break;
			case 'state':
				this.#state(event);
				break;
			case 'sockets':
				this.#look(event);
				break;
			case 'process':
				this.#process(event);
				break;
			case 'output':
				this.#mark(event, 'output', {
					head: `${event.peer} prints `,
					detail: JSON.stringify(event.text.replace(/\n$/, '')),
				});
				break;
			case 'error':
				this.#error(event);
				break;
			case 'reset':
				this.#reset(event);
				break;
			case 'retransmit':
				// The segment itself is drawn, as a retransmission.
				break;
		}
	}

	#across(row: StepRow | FaultRow | LossRow): void {
		this.#full += 1;
		const key = `full ${this.#full}`;
		this.#items.push({ slot: 'full', t: row.t, until: row.t, key, alike: key, sort: key, row, segments: 0 });
	}

	/** From when on nobody knows; what was missed at no known time stands below the picture only. */
	#loss({ observer, host, what, since, until }: Loss): void {
		const who = `${observer}${host === undefined ? '' : ` on the ${host}`}`;
		if (since !== undefined)
			this.#across({
				kind: 'lapse',
				t: since,
				text: `${who} failed: ${what}. What it would have told is unknown from here on`,
			});
		if (until !== undefined) this.#across({ kind: 'lapse', t: until, text: `${who} tells all again` });
	}

	#call(event: Call): void {
		const drawn = this.#calls.isDrawn(event);
		const connection = this.#callConnections.of(event);
		const thread = threadOf(event);
		const head = `${this.#callerNames.before(event)}${event.name}`;
		const args = shortArguments(event);
		const title = describeEvent(event).trim();
		const unfinished = event.returned === undefined && event.errno === undefined;
		const inTwo = this.#calls.isInTwo(event);
		// A wait that is not drawn when it ends (typed text, a turn of an event loop) and begins anew is one wait to the
		// reader.
		if (inTwo && (drawn || (waits(event) && !event.name.startsWith('epoll')))) {
			const atFirst = argumentsAtFirst(event);
			const waiting = `${head}(${atFirst})`;
			if (this.#blocking.get(thread)?.waiting !== waiting) {
				this.#unblock(thread, event.t, false, 'until then');
				const words = { head: `${head}(`, detail: atFirst, tail: ') …', title, sort: `${event.name} …` };
				this.#mark(event, 'call', words, { connection, part: 'begin', acts: acts(event) });
				this.#blocking.set(thread, { host: event.host, waiting, t: event.t, title, connection });
			}
		}
		if (!drawn || unfinished) return;
		const kind = failed(event) ? 'failed-call' : 'call';
		const end = event.t + (event.took ?? 0);
		this.#unblock(
			thread,
			inTwo ? end : event.t,
			inTwo && failed(event),
			inTwo ? `returned after ${duration(end - event.t)}` : 'until then',
		);
		const sort = `${event.name} = ${event.errno ?? ((event.returned ?? 0) > 0 ? 'some' : event.returned)}`;
		if (inTwo) {
			const isNews = args !== argumentsAtFirst(event) && !event.name.startsWith('accept');
			const words = isNews
				? { head: `… ${head}(`, detail: args, tail: `)${resultOf(event)}` }
				: { head: `… ${head}`, tail: resultOf(event) };
			this.#mark(event, kind, { ...words, title, sort }, { connection, part: 'end' }, end);
		} else {
			// What acts stands before what it did; what waited or asked stands behind what it found.
			const isCause = acts(event);
			const words = { head: `${head}(`, detail: args, tail: `)${resultOf(event)}`, title, sort };
			this.#mark(
				event,
				kind,
				words,
				{ connection, acts: isCause, part: isCause ? undefined : 'end' },
				isCause ? event.t : end,
			);
		}
	}

	/** Who has ended is in no call any more. */
	#unblockAll({ host, peer, t }: EventOf<'process'>): void {
		for (const thread of this.#blocking.keys())
			if (thread.startsWith(`${host} ${peer} `)) this.#unblock(thread, t, false, 'until its end');
	}

	#unblock(thread: string, until: number, failed: boolean, how: string): void {
		const blocking = this.#blocking.get(thread);
		if (blocking === undefined) return;
		this.#blocking.delete(thread);
		const { host, t, title, connection } = blocking;
		this.#blocks.push({
			host,
			key: `${this.#blocks.length}`,
			t,
			until: Math.max(t, until),
			failed,
			title: `${title}\n${how}`,
			connection,
		});
	}

	#state(event: EventOf<'state'>): void {
		this.#sockets.stateDrawn(event);
		const words = `[${event.to}]${event.how === 'sampled' ? '*' : ''}`;
		this.#mark(event, 'state', { ...this.#ofSocket(event, words), sort: event.how === 'sampled' ? 'sampled' : words });
	}

	#look(event: EventOf<'sockets'>): void {
		for (const { text, row } of this.#sockets.sample(event)) {
			const connection = this.#connections.keyOf(event.host, row);
			const label = this.#connections.labelOfKey(connection);
			const head = `ss: ${label === undefined ? '' : `${label} `}`;
			const words = { head, tail: text, title: describeRow(row), alike: `ss: ${text}`, sort: 'sampled' };
			this.#mark(event, 'sockets', words, { connection });
		}
	}

	#process(event: EventOf<'process'>): void {
		if (event.what === 'exited') this.#unblockAll(event);
		const words = {
			started: { head: '$ ', detail: event.text },
			typed: { head: `${event.peer} is typed `, detail: JSON.stringify(event.text) },
			signalled: { head: `${event.peer} gets `, tail: event.text },
			exited: { head: `${event.peer} ends: `, tail: event.text },
		};
		this.#mark(event, 'process', words[event.what]);
	}

	#error(event: EventOf<'error'>): void {
		const words = `${event.source === 'kernel' ? 'kernel' : 'SO_ERROR'}: ${event.errno}`;
		const { local, remote } = event;
		if (local === undefined || remote === undefined) this.#mark(event, 'error', { head: words });
		else this.#mark(event, 'error', this.#ofSocket({ ...event, local, remote }, words));
	}

	/** A reset that arrived is told by its segment; the kernel's event adds only the reason. */
	#reset(event: EventOf<'reset'>): void {
		if (event.direction === 'received' && event.reason === undefined) return;
		const words = `${event.direction === 'sent' ? 'resets' : 'is reset'}: ${event.reason ?? 'no reason given'}`;
		this.#mark(event, 'reset', this.#ofSocket(event, words));
	}

	/** Words on a socket, with its name before them where there are several. */
	#ofSocket(event: Pick<EventOf<'state'>, 'host' | 'local' | 'remote'>, words: string): MarkText {
		const socket = this.#connections.socketOf(event.host, event);
		return { head: socket === undefined ? words : `${socket} ${words}`, alike: words };
	}

	#mark(event: OfHost, kind: MarkKind, words: MarkText, about: MarkContext = {}, t = event.t): void {
		const { host } = event;
		const { head, detail = '', tail = '' } = words;
		const mark: Mark = { kind, t, head, detail, tail, times: 1, title: words.title ?? describeEvent(event).trim() };
		const alike = `${host} ${words.alike ?? `${head}${detail}${tail}`}`;
		const sort = `${host} ${kind} ${words.sort ?? words.alike ?? head}`;
		const connection = about.connection ?? this.#connectionOf(event);
		this.#items.push({
			slot: host,
			t,
			until: t,
			key: `${connection ?? ''} ${alike}`,
			alike,
			sort,
			mark,
			event,
			segments: 0,
			...about,
			connection,
		});
	}

	#connectionOf(event: OfHost): string | undefined {
		if (!('local' in event) || event.local === undefined || event.remote === undefined) return undefined;
		return this.#connections.keyOf(event.host, { local: event.local, remote: event.remote });
	}
}

/** A process that is told its calls makes each in a thread of its own, so that several may block. */
function threadOf({ host, peer, pid, tid = pid, source, name, fd }: Call): string {
	return [host, peer, pid, tid, ...(source === 'socket' ? [name, fd ?? ''] : [])].join(' ');
}
