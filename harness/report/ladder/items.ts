import { describeEvent, describeRow } from '../../timeline/describe.ts';
import { type ConnectionRow, type Event, type EventOf, forEachNode, type NodeName } from '../../timeline/events.ts';
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
import type { WithoutLane } from './spans.ts';

/** An event of one host. */
type HostEvent = Exclude<Event, { kind: 'step' | 'fault' }>;

/** Returns the items to draw, in the order of time, but none before its cause, and the calls that blocked. */
export function itemsOf(
	timeline: TimelineFile,
	connections: Connections,
	end: number,
): { items: Item[]; blocks: WithoutLane<BlockedCall>[] } {
	const { items, blocks } = new Itemizer(timeline, connections, end).itemize();
	const inTime = items.sort((one, other) => one.t - other.t);
	const causes = causesAmong(inTime);
	return { items: inCausalOrder(inTime.length, causes).map((index) => inTime[index] as Item), blocks };
}

/** A call that has not returned yet. */
interface PendingCall {
	readonly host: NodeName;
	/** Its name and arguments, as far as they are known at its beginning. */
	readonly text: string;
	readonly t: number;
	readonly title: string;
	readonly connection: string | undefined;
}

/** The text of a mark. If there is not enough room, `detail` is cut first. */
interface MarkText {
	readonly head: string;
	readonly detail?: string;
	readonly tail?: string;
	readonly title?: string;
	/** The text without the label of the connection. */
	readonly alike?: string;
	readonly sort?: string;
}

/** Other properties of a mark's item. */
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
	readonly #boots = forEachNode(() => 1);
	readonly #pending = new Map<string, PendingCall>();
	readonly #blocks: WithoutLane<BlockedCall>[] = [];
	readonly #end: number;
	readonly #items: Item[] = [];
	#fullWidthItems = 0;

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

	itemize(): { items: Item[]; blocks: WithoutLane<BlockedCall>[] } {
		for (const loss of this.#losses) this.#loss(loss);
		for (const event of this.#events) {
			// A machine without power could not have done this, so it is recorded, but not drawn.
			if ('ghost' in event && event.ghost === true) continue;
			if (event.kind !== 'segment' && event.kind !== 'icmp' && 'boot' in event && event.boot !== undefined) {
				// Leftovers of an earlier boot do not belong to the current one.
				if (event.boot < this.#boots[event.host]) continue;
				this.#boots[event.host] = event.boot;
			}
			this.#add(event);
		}
		for (const thread of this.#pending.keys()) this.#unblock(thread, this.#end, false, 'still blocked at the end');
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
				this.#sample(event);
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
			case 'conntrack':
				this.#tracking(event);
				break;
			case 'connections':
				for (const row of event.rows) this.#tracked(event, row);
				break;
			case 'retransmit':
				// The segment itself is drawn as a retransmission.
				break;
		}
	}

	#across(row: StepRow | FaultRow | LossRow): void {
		this.#fullWidthItems += 1;
		const key = `full ${this.#fullWidthItems}`;
		this.#items.push({ slot: 'full', t: row.t, until: row.t, key, alike: key, sort: key, row, segments: 0 });
	}

	/** Draws when a loss began and ended. A loss without known times is only listed below the picture. */
	#loss({ observer, host, what, since, until }: Loss): void {
		const name = `${observer}${host === undefined ? '' : ` on the ${host}`}`;
		if (since !== undefined)
			this.#across({
				kind: 'lapse',
				t: since,
				text: `${name} failed: ${what}. Its events are missing from here on`,
			});
		if (until !== undefined) this.#across({ kind: 'lapse', t: until, text: `${name} works again` });
	}

	#call(event: Call): void {
		const drawn = this.#calls.isDrawn(event);
		const connection = this.#callConnections.of(event);
		const thread = threadOf(event);
		const head = `${this.#callerNames.prefixOf(event)}${event.name}`;
		const args = shortArguments(event);
		const title = describeEvent(event).trim();
		const unfinished = event.returned === undefined && event.errno === undefined;
		const inTwo = this.#calls.isInTwo(event);
		// If the end of a wait is not drawn (typed text, an iteration of an event loop) and the same wait begins again, it
		// is drawn as one wait.
		if (inTwo && (drawn || (waits(event) && !event.name.startsWith('epoll')))) {
			const atFirst = argumentsAtFirst(event);
			const text = `${head}(${atFirst})`;
			if (this.#pending.get(thread)?.text !== text) {
				this.#unblock(thread, event.t, false, 'until then');
				const words = { head: `${head}(`, detail: atFirst, tail: ') …', title, sort: `${event.name} …` };
				this.#mark(event, 'call', words, { connection, part: 'begin', acts: acts(event) });
				this.#pending.set(thread, { host: event.host, text, t: event.t, title, connection });
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
			// A call that sends is drawn before its effect. A call that waits or queries is drawn after its cause.
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

	/** Ends all pending calls of a program that has exited. */
	#unblockAll({ host, peer, t }: EventOf<'process'>): void {
		for (const thread of this.#pending.keys())
			if (thread.startsWith(`${host} ${peer} `)) this.#unblock(thread, t, false, 'until its end');
	}

	#unblock(thread: string, until: number, failed: boolean, how: string): void {
		const call = this.#pending.get(thread);
		if (call === undefined) return;
		this.#pending.delete(thread);
		const { host, t, title, connection } = call;
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

	#sample(event: EventOf<'sockets'>): void {
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

	/** A received reset is drawn as a segment. The kernel's event is drawn only if it adds a reason. */
	#reset(event: EventOf<'reset'>): void {
		if (event.direction === 'received' && event.reason === undefined) return;
		const words = `${event.direction === 'sent' ? 'resets' : 'is reset'}: ${event.reason ?? 'no reason given'}`;
		this.#mark(event, 'reset', this.#ofSocket(event, words));
	}

	/** Returns the text with the name of its socket before it, if there are several sockets. */
	#ofSocket(event: Pick<EventOf<'state'>, 'host' | 'local' | 'remote'>, words: string): MarkText {
		const socket = this.#connections.socketOf(event.host, event);
		return { head: socket === undefined ? words : `${socket} ${words}`, alike: words };
	}

	#tracking(event: EventOf<'conntrack'>): void {
		const { what, state, by } = event;
		// The new state is in the band, too, but the reader must see when it began.
		const words = what === 'destroyed' ? `forgotten${by === undefined ? '' : ` (${by})`}` : (state ?? what);
		this.#mark(event, 'state', this.#ofConnection(event, `conntrack: ${words}`));
	}

	#tracked(event: EventOf<'connections'>, row: ConnectionRow): void {
		const { state = 'known', secondsLeft } = row;
		const left = secondsLeft === undefined ? '' : `, ${secondsLeft} s left`;
		this.#mark(event, 'sockets', this.#ofConnection(row, `conntrack: ${state}${left}`), {
			connection: this.#connections.keyOf('client', { local: row.original.from, remote: row.original.to }),
		});
	}

	#ofConnection({ original }: ConnectionRow, words: string): MarkText {
		const label = this.#connections.labelOf('client', { local: original.from, remote: original.to });
		return { head: label === undefined ? words : `${label} ${words}`, alike: words };
	}

	#mark(event: HostEvent, kind: MarkKind, words: MarkText, about: MarkContext = {}, t = event.t): void {
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

	#connectionOf(event: HostEvent): string | undefined {
		if (event.kind === 'conntrack')
			return this.#connections.keyOf('client', { local: event.original.from, remote: event.original.to });
		if (!('local' in event) || event.local === undefined || event.remote === undefined) return undefined;
		return this.#connections.keyOf(event.host, { local: event.local, remote: event.remote });
	}
}

/** A controlled socket makes each call in its own thread, so that several may block. */
function threadOf({ host, peer, pid, tid = pid, source, name, fd }: Call): string {
	return [host, peer, pid, tid, ...(source === 'socket' ? [name, fd ?? ''] : [])].join(' ');
}
