import { HalfopenError } from '../errors.ts';
import type { LabContext } from '../lab/context.ts';
import type { Wire } from '../lab/wire.ts';
import type { InjectedFlags } from '../tcp/flags.ts';
import { type HostName, otherHost, type SegmentEvent } from '../timeline/events.ts';
import { forgedFrame } from './forged-frame.ts';

/** A segment that a third party sends to a host, as if the other one had sent it. */
export interface InjectOptions {
	/** The host that gets it. */
	readonly to: HostName;
	readonly flags: InjectedFlags;
	/**
	 * The sequence number: relative, as in the timeline, or relative to what the receiver expects. `exact` is RCV.NXT, `in
	 * window` the middle of its receive window, `out of window` a number behind it (RFC 9293, 3.4).
	 */
	readonly seq: number | 'exact' | 'in window' | 'out of window';
	/** Relative, as in the timeline. By default everything that the receiver has sent. Flags without `.` have none. */
	readonly ack?: number;
	readonly data?: string;
	/** The ports of the connection. They may be left out if the lab has had only one. */
	readonly clientPort?: number;
	readonly serverPort?: number;
}

/** The interface of a host. */
export interface InjectionTarget {
	readonly isOn: boolean;
	readonly mac: string;
}

/** The segments of a connection, in the order in which they were sent. */
interface Conversation {
	readonly fromReceiver: readonly SegmentEvent[];
	readonly fromSender: readonly SegmentEvent[];
}

/**
 * Sends a segment to a host from the wire. Returns its event when the host's capture has seen it. What the receiver
 * expects is what the captures have shown until now.
 *
 * Throws HOST_OFF if the host is off, OPTION_MISSING if the connection is not clear, and FAULT_WITHOUT_EFFECT if the
 * segment did not arrive.
 */
export async function injectSegment(
	wire: Wire,
	context: LabContext,
	hosts: Readonly<Record<HostName, InjectionTarget>>,
	options: InjectOptions,
): Promise<SegmentEvent> {
	const { history, actions } = context;
	const { to, flags, data = '' } = options;
	if (!hosts[to].isOn) throw isOff(to);
	const relay = await wire.startRelay();
	return actions.during(async () => {
		await context.flush();
		const conversation = conversationOf(history.segments, options);
		const [last] = conversation.fromReceiver.slice(-1) as [SegmentEvent];
		const { seq, ack } = numbersIn(conversation, options);
		const frame = forgedFrame({
			fromMac: hosts[otherHost(to)].mac,
			toMac: hosts[to].mac,
			from: last.to,
			to: last.from,
			flags,
			seq,
			ack: flags.includes('.') ? ack : 0,
			window: conversation.fromSender.at(-1)?.window ?? WINDOW,
			ipId: Math.floor(Math.random() * 2 ** 16),
			data: Buffer.from(data),
		});
		const before = new Set(injectedIn(history.segments).map(({ t }) => t));
		await relay.command('inject', to, frame.toString('hex'));
		await context.flush();
		const event = injectedIn(history.segments).find(({ t }) => !before.has(t));
		if (event && event.fate !== 'unobserved') return event;
		throw new HalfopenError('FAULT_WITHOUT_EFFECT', {
			problem: `The segment “${flags}” that was injected did not arrive at the ${to}.`,
			remedy: 'Check that the cable of the host is plugged in.',
		});
	});
}

/** Anything but 0, which would close the receiver's window. */
const WINDOW = 65_535;

const injectedIn = (segments: readonly SegmentEvent[]) => segments.filter(({ origin }) => origin === 'injected');

/** Returns the segments of the connection. Throws OPTION_MISSING if it is not clear which one. */
function conversationOf(all: readonly SegmentEvent[], options: InjectOptions): Conversation {
	const { to, clientPort, serverPort } = options;
	const portsOf = ({ host, from, to }: SegmentEvent) =>
		host === 'client' ? [from.port, to.port] : [to.port, from.port];
	const isWanted = (segment: SegmentEvent) => {
		const [client, server] = portsOf(segment);
		return (clientPort ?? client) === client && (serverPort ?? server) === server;
	};
	const segments = all.filter((one) => one.link === undefined && one.origin === undefined && isWanted(one));
	const connections = new Set(segments.map((one) => portsOf(one).join(' ↔ ')));
	const fromReceiver = segments.filter(({ host }) => host === to);
	if (connections.size === 1 && fromReceiver.length > 0)
		return { fromReceiver, fromSender: segments.filter(({ host }) => host !== to) };
	throw new HalfopenError('OPTION_MISSING', {
		problem:
			connections.size > 1
				? 'The connection for an injected segment is not clear, because there are several.'
				: `There is no connection of which the ${to} has sent a segment.`,
		seen: connections.size > 0 ? `${[...connections].join(', ')} (client ↔ server)` : 'No segment was sent.',
		remedy: 'Give `clientPort` and `serverPort` of a connection that exists.',
	});
}

/** Returns the absolute numbers of a segment for the receiver. */
function numbersIn({ fromReceiver, fromSender }: Conversation, options: InjectOptions): { seq: number; ack: number } {
	const { seq, ack } = options;
	const window = receiveWindow(fromReceiver, fromSender);
	const wanted = {
		exact: window.next,
		'in window': window.next + Math.ceil((window.end - window.next) / 2),
		// Linux takes the first number behind the window, too (tcp_sequence).
		'out of window': window.end + 1,
	};
	return {
		seq: (typeof seq === 'number' ? initialNumber(fromSender) + seq : wanted[seq]) >>> 0,
		ack: ack === undefined ? endOf(fromReceiver) : (initialNumber(fromReceiver) + ack) >>> 0,
	};
}

/** The absolute number that is 0 in the timeline. */
const initialNumber = ([first]: readonly SegmentEvent[]) => (first ? first.absolute.seq - first.seq : 0);

/** Returns the number after the last one that a host has sent. */
function endOf(segments: readonly SegmentEvent[]): number {
	const next = Math.max(...segments.map((one) => one.seq + spaceOf(one)));
	return (initialNumber(segments) + next) >>> 0;
}

const spaceOf = ({ length, flags }: SegmentEvent) => length + (/[SF]/.test(flags) ? 1 : 0);

/**
 * Returns RCV.NXT and the number behind the receive window, as absolute numbers that may be above 2^32. The receiver has
 * announced them, and has got more since then that it may not have acknowledged yet.
 */
function receiveWindow(fromReceiver: readonly SegmentEvent[], fromSender: readonly SegmentEvent[]) {
	const last = fromReceiver.findLast(({ flags }) => flags.includes('.'));
	if (!last) return { next: 0, end: fromReceiver[0]?.window ?? 0 };
	const isScaled = [fromReceiver, fromSender].every((sent) =>
		sent.some(({ flags, options }) => flags.includes('S') && options?.windowScale !== undefined),
	);
	const scale = fromReceiver.find(({ flags }) => flags.includes('S'))?.options?.windowScale ?? 0;
	// The window of a SYN is never scaled (RFC 7323, 2.2).
	const window = last.flags.includes('S') || !isScaled ? last.window : last.window * 2 ** scale;
	let acknowledged = last.ack;
	for (const segment of [...fromSender].sort((one, other) => one.seq - other.seq)) {
		const isNext = segment.fate === 'delivered' && segment.seq <= acknowledged;
		if (isNext) acknowledged = Math.max(acknowledged, segment.seq + spaceOf(segment));
	}
	const first = last.absolute.ack - last.ack;
	return { next: first + acknowledged, end: first + last.ack + window };
}

function isOff(host: HostName): HalfopenError {
	return new HalfopenError('HOST_OFF', {
		problem: `The ${host} is powered off: no segment can be injected.`,
		remedy: 'Power it on first.',
	});
}
