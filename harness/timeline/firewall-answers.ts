import type { CapturedIcmp, CapturedSegment, Endpoint } from '../formats/types.ts';
import type { HostName } from './events.ts';
import type { Observations } from './pairing.ts';

/** What is known of a packet that may be an answer of a firewall, or may have been answered by one. */
export interface Answerable {
	readonly packet: CapturedSegment | CapturedIcmp;
	readonly seen: Observations;
	/** Seconds since the epoch, as it was seen. */
	readonly seenAt: number;
	/** Where it was seen first. */
	readonly seenBy: HostName;
	/** Its own sender's firewall stopped it, and told so when the log was read: at the earliest when it happened. */
	readonly stopped: boolean;
	/** The packet that it answers. */
	answers: Answerable | undefined;
	/** What answers it. */
	answer: Answerable | undefined;
}

/** A rule answers in the same softirq; so much later, in seconds, somebody else answers. */
const ANSWER_LIMIT = 1;
/**
 * How late the log of a packet may be read that its own host's firewall stopped: the kernel gives such no time
 * (nfnetlink_log.c, `hooknum <= NF_INET_FORWARD`).
 */
const READ_LATE = 10;
/** Of what arrives the log has the time of its arrival. */
const CLOCK_TOLERANCE = 0.01;

/** Packets that one answer would be to, and such answers. */
interface AnswerGroup<P> {
	readonly kind: 'segment' | 'icmp';
	readonly rejected: Set<P>;
	readonly answers: Set<P>;
}

/** Which RSTs and ICMP messages a firewall made: those that answer a packet which one of its rules rejected. */
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

	/** Finds again who answers whom; calls `retold` with each packet whose answer has changed. */
	update(retold: (one: P) => void): void {
		for (const key of this.#changed) {
			const group = this.#byKey.get(key);
			if (group) this.#updateGroup(group, retold);
		}
		this.#changed.clear();
	}

	/** How many answers to packets that this fault rejected really left. */
	count(fault: string): number {
		let count = 0;
		for (const { answers } of this.#byKey.values())
			for (const { answers: to } of answers) if (to?.seen.dropped?.by === fault) count++;
		return count;
	}

	#updateGroup({ kind, rejected, answers }: AnswerGroup<P>, retold: (one: P) => void): void {
		const open = inOrder(rejected);
		const found = new Map<P, P>();
		for (const answer of inOrder(answers)) {
			const at = indexOfAnswered(answer, open);
			const [to] = at < 0 ? [] : open.splice(at, 1);
			if (to) found.set(answer, to);
		}
		const answerOf = new Map([...found].map(([answer, to]) => [to, answer]));
		for (const one of answers)
			if (one.answers !== found.get(one)) retold(Object.assign(one, { answers: found.get(one) }));
		for (const one of rejected) {
			const answer = answerOf.get(one);
			// A rule answers in one way: the absence of the other says nothing.
			if (one.answer !== answer && (answer || one.answer?.packet.kind === kind)) retold(Object.assign(one, { answer }));
		}
	}
}

/**
 * Mostly the last packet before the answer. Where there is none, the log was read late: it is read in order, so the
 * first behind the answer is meant, not one of those that were stopped later.
 */
function indexOfAnswered(answer: Answerable, inOrder: readonly Answerable[]): number {
	const before = inOrder.findLastIndex(
		(one) => couldAnswer(answer, one) && one.seenAt <= answer.seenAt + CLOCK_TOLERANCE,
	);
	return before < 0 ? inOrder.findIndex((one) => couldAnswer(answer, one)) : before;
}

function couldAnswer(answer: Answerable, rejected: Answerable): boolean {
	const later = answer.seenAt - rejected.seenAt;
	return later <= ANSWER_LIMIT && later >= -(rejected.stopped ? READ_LATE : CLOCK_TOLERANCE);
}

function inOrder<P extends Answerable>(packets: ReadonlySet<P>): P[] {
	return [...packets].sort((a, b) => a.seenAt - b.seenAt);
}

type Role = 'rejected' | 'answers';

/**
 * What a packet and its answer have in common: where the rule is, whose connection it is, and the number
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
		const behind = (seq + length + (flags.includes('S') ? 1 : 0) + (flags.includes('F') ? 1 : 0)) >>> 0;
		const reset = flags.includes('.') ? `R ${ack}` : `R. ${behind}`;
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
