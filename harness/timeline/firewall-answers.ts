import type { CapturedIcmp, CapturedSegment, Endpoint } from '../formats/types.ts';
import type { MachineName } from './events.ts';
import type { Observations } from './pairing.ts';

/** A packet that may be a firewall's answer, or may have been answered by a firewall. */
export interface Answerable {
	readonly packet: CapturedSegment | CapturedIcmp;
	readonly seen: Observations;
	/** The time of the first observation, in seconds since the epoch. */
	readonly seenAt: number;
	/** The host of the first observation. */
	readonly seenBy: MachineName;
	/** Whether the sender's own firewall dropped it. Then `seenAt` is when the log was read, not when it was dropped. */
	readonly stopped: boolean;
	/** The packet that it answers. */
	answers: Answerable | undefined;
	/** Its answer. */
	answer: Answerable | undefined;
}

/**
 * The longest time between a rejected packet and its answer, in seconds. A rule answers in the same softirq, so a later
 * packet comes from elsewhere.
 */
const MAX_ANSWER_DELAY = 1;
/**
 * How long after the answer the log of a stopped packet may be read, in seconds: the kernel gives leaving packets no
 * time (nfnetlink_log.c, `hooknum <= NF_INET_FORWARD`).
 */
const MAX_LOG_DELAY = 10;
/** The tolerance for packets that were dropped on arrival, in seconds. Their log entries have the time of arrival. */
const CLOCK_TOLERANCE = 0.01;

/** Rejected packets to which the same answer is possible, and the answers of that form. */
interface AnswerGroup<P> {
	readonly kind: 'segment' | 'icmp';
	readonly rejected: Set<P>;
	readonly answers: Set<P>;
}

/**
 * Finds the RSTs and ICMP messages that a firewall made: those that answer a packet which one of its rules rejected.
 */
export class FirewallAnswers<P extends Answerable> {
	readonly #byKey = new Map<string, AnswerGroup<P>>();
	readonly #changed = new Set<string>();

	add(one: P): void {
		for (const [role, key] of keysOf(one)) {
			const group = this.#byKey.get(key) ?? {
				kind: key.includes(' icmp ') ? 'icmp' : 'segment',
				rejected: new Set(),
				answers: new Set(),
			};
			this.#byKey.set(key, group);
			group[role].add(one);
			this.#changed.add(key);
		}
	}

	remove(one: P): void {
		for (const [role, key] of keysOf(one)) {
			this.#byKey.get(key)?.[role].delete(one);
			this.#changed.add(key);
		}
	}

	/** Matches changed packets and answers again. Calls `onChange` with each packet whose match has changed. */
	update(onChange: (one: P) => void): void {
		for (const key of this.#changed) {
			const group = this.#byKey.get(key);
			if (group) this.#updateGroup(group, onChange);
		}
		this.#changed.clear();
	}

	/** Returns how many answers to packets that this fault rejected left the host. */
	count(fault: string): number {
		let count = 0;
		for (const { answers } of this.#byKey.values())
			for (const { answers: to } of answers) if (to?.seen.dropped?.by === fault) count++;
		return count;
	}

	#updateGroup({ kind, rejected, answers }: AnswerGroup<P>, onChange: (one: P) => void): void {
		const unanswered = inOrder(rejected);
		const found = new Map<P, P>();
		for (const answer of inOrder(answers)) {
			const index = indexOfAnswered(answer, unanswered);
			const [to] = index < 0 ? [] : unanswered.splice(index, 1);
			if (to) found.set(answer, to);
		}
		const answerOf = new Map([...found].map(([answer, to]) => [to, answer]));
		for (const one of answers)
			if (one.answers !== found.get(one)) onChange(Object.assign(one, { answers: found.get(one) }));
		for (const one of rejected) {
			const answer = answerOf.get(one);
			// A rule answers with a RST or with an ICMP message. This group's lack of an answer must not remove one that is
			// of the other kind.
			if (one.answer !== answer && (answer || one.answer?.packet.kind === kind))
				onChange(Object.assign(one, { answer }));
		}
	}
}

/**
 * Returns the index of the packet that was answered: the last one before the answer. If there is none, the log was read
 * late. It is read in order, so the first packet after the answer was answered, and later ones were stopped later.
 */
function indexOfAnswered(answer: Answerable, inOrder: readonly Answerable[]): number {
	const before = inOrder.findLastIndex(
		(one) => couldAnswer(answer, one) && one.seenAt <= answer.seenAt + CLOCK_TOLERANCE,
	);
	return before < 0 ? inOrder.findIndex((one) => couldAnswer(answer, one)) : before;
}

function couldAnswer(answer: Answerable, rejected: Answerable): boolean {
	const delay = answer.seenAt - rejected.seenAt;
	return delay <= MAX_ANSWER_DELAY && delay >= -(rejected.stopped ? MAX_LOG_DELAY : CLOCK_TOLERANCE);
}

function inOrder<P extends Answerable>(packets: ReadonlySet<P>): P[] {
	return [...packets].sort((a, b) => a.seenAt - b.seenAt);
}

type Role = 'rejected' | 'answers';

/**
 * Returns the keys that a packet shares with its answer: the host of the rule, the connection, and the sequence number
 * (nf_reject_ip_tcphdr_put; RFC 792).
 */
function keysOf({ packet, seen, seenBy }: Answerable): [Role, string][] {
	if (packet.kind === 'icmp') {
		return packet.quotes
			? [['answers', `${seen.left?.host ?? seenBy} icmp ${between(packet.quotes)} ${packet.quotes.seq}`]]
			: [];
	}
	const { from, to, flags, seq, ack, length } = packet;
	const keys: [Role, string][] = [];
	if (seen.dropped?.rejected) {
		const { host } = seen.dropped;
		const nextSeq = (seq + length + (flags.includes('S') ? 1 : 0) + (flags.includes('F') ? 1 : 0)) >>> 0;
		const reset = flags.includes('.') ? `R ${ack}` : `R. ${nextSeq}`;
		keys.push(
			['rejected', `${host} ${between({ from: to, to: from })} ${reset}`],
			['rejected', `${host} icmp ${between({ from, to })} ${seq}`],
		);
	}
	if (flags === 'R') keys.push(['answers', `${seen.left?.host ?? seenBy} ${between(packet)} R ${seq}`]);
	if (flags === 'R.') keys.push(['answers', `${seen.left?.host ?? seenBy} ${between(packet)} R. ${ack}`]);
	return keys;
}

function between({ from, to }: { from: Endpoint; to: Endpoint }): string {
	return `${from.address}:${from.port}>${to.address}:${to.port}`;
}
