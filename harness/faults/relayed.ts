import { HalfopenError } from '../errors.ts';
import type { LabContext } from '../lab/context.ts';
import { BRIDGE_TABLE, nft } from '../lab/nft.ts';
import type { Wire } from '../lab/wire.ts';
import type { Relay } from '../probes/relay.ts';
import { type HostName, otherHost } from '../timeline/events.ts';
import { type Fault, inject, runAll, undoAfter, withoutEffect } from './fault.ts';
import { type NftMatch, nftMatch, parseWireMatch } from './nft-match.ts';
import { sendersOf } from './wire-drop-rules.ts';
import { concerns, type PacketChoice } from './wire-loss.ts';

/** A fault that takes packets off the wire and puts them back changed, later, or in another order. */
export interface RelayedKind {
	readonly id: string;
	/** The kind of fault for the relay (agent/PROTOCOL.md). */
	readonly kind: 'hold' | 'duplicate' | 'corrupt' | 'reorder' | 'rate';
	/** The numbers that the kind needs. */
	readonly numbers?: readonly number[];
	/** Only what this host sends. By default both directions. */
	readonly from: HostName | undefined;
	/** Which packets get to the fault. */
	readonly match: NftMatch;
	/** Which of them are chosen. They have a bit of their own, which is the first of the numbers. */
	readonly chosen?: NftMatch;
	readonly text: string;
	/** What the relay reports of the packets that the fault has changed, and the same in words. */
	readonly effects: readonly string[];
	readonly inWords: string;
	/** `copy`: the packets themselves are not taken. */
	readonly does: 'take' | 'copy';
}

/** All TCP segments. */
export const SEGMENTS: NftMatch = { expression: 'meta l4proto tcp', sets: [] };

/** Translates what a fault concerns for nft, and into words. Only segments match. */
export function segmentsOf({ from, share, ...match }: Omit<PacketChoice, 'name'>, id: string) {
	const all = { ...match, ...(share !== undefined && { probability: share }) };
	const { expression, sets } = nftMatch(parseWireMatch(all), id);
	return { match: { expression: `${SEGMENTS.expression} ${expression}`, sets }, concerned: concerns(from, all) };
}

/** What is in force. */
export interface RelayedFault {
	readonly relay: Relay;
	readonly bit: number;
}

/** What these faults need from their lab. */
export interface Relaying {
	readonly wire: Wire;
	readonly context: LabContext;
	/** Returns the longest packet that is one segment, for each host that is on. It is infinite if offloads are on. */
	readonly longestSegments: () => readonly number[];
}

/**
 * Injects a fault of the relay. `use` makes the further members of its handle.
 *
 * The wire must be a bridge. Throws OFFLOADS_ON if packets may consist of several segments: a wire carries none of these.
 */
export async function relayFault<H extends object>(
	relaying: Relaying,
	{ id, kind, numbers = [], from, match, chosen, text, effects, inWords, does }: RelayedKind,
	use: (fault: RelayedFault) => H = () => ({}) as H,
): Promise<Fault & H> {
	assertSingleSegments(relaying, text);
	const { wire, context } = relaying;
	const { history } = context;
	const relay = await wire.startRelay();
	const bit = relay.takeBit(does);
	const chosenBits = chosen ? [relay.takeBit(does)] : [];
	const markings = [{ bit, match }, ...chosenBits.map((one) => ({ bit: one, match: chosen ?? match }))];
	const rules = new RelayRules(wire, id, sendersOf(from), markings);
	const freeBits = () => {
		for (const one of [bit, ...chosenBits]) relay.freeBit(one);
	};
	let isInForce = false;
	const end = () =>
		runAll(
			// First, so that what it keeps goes on before what comes then.
			() => relay.command('end', bit),
			() => rules.remove(),
			() => relay.command('sync'),
		);
	return inject(
		context,
		{ id, what: 'link', host: 'wire', text },
		{
			inject: async () => {
				await relay.command('fault', bit, id, kind, ...chosenBits, ...numbers);
				try {
					const t = await rules.insert();
					isInForce = true;
					return { t: history.at(t) };
				} catch (error) {
					freeBits();
					throw await undoAfter(error, () => relay.command('end', bit));
				}
			},
			heal: async () => {
				if (!isInForce) return {};
				isInForce = false;
				const t = context.clock.now();
				await end();
				freeBits();
				const counts = sendersOf(from).map((sender) => {
					const to = otherHost(sender);
					return { to, count: effects.reduce((sum, effect) => sum + relay.count(id, effect, to), 0) };
				});
				if (counts.every(({ count }) => count === 0)) throw withoutEffect(text, `no packet was ${inWords} (${id})`);
				const proof = `packets ${inWords}: ${counts.map(({ to, count }) => `${count} to the ${to}`).join(', ')}`;
				return { t: history.at(t), proof };
			},
		},
		use({ relay, bit }),
	);
}

/** Throws OFFLOADS_ON if a packet may consist of several segments. `text` describes the fault. */
export function assertSingleSegments({ longestSegments }: Relaying, text: string): void {
	if (longestSegments().every(Number.isFinite)) return;
	throw new HalfopenError('OFFLOADS_ON', {
		problem: `The fault “${text}” is impossible in a lab with offloads.`,
		seen: 'Hosts hand packets of several segments to their devices, which no wire carries.',
		remedy: 'Omit `offloads: true` in the options of the scenario.',
	});
}

/** Which packets get which bit of the mark. */
interface Marking {
	readonly bit: number;
	readonly match: NftMatch;
}

/**
 * Rules that mark packets for the relay, for one fault. They come after all rules that lose packets, and before the
 * rules that give marked packets to the relay.
 */
class RelayRules {
	readonly #wire: Wire;
	readonly #id: string;
	readonly #from: readonly HostName[];
	readonly #markings: readonly Marking[];

	constructor(wire: Wire, id: string, from: readonly HostName[], markings: readonly Marking[]) {
		this.#wire = wire;
		this.#id = id;
		this.#from = from;
		this.#markings = markings;
	}

	/** Inserts the rules, all or none. Returns when they were in force, in seconds since the epoch. */
	async insert(): Promise<number> {
		const chain = `${BRIDGE_TABLE} ${this.#id}`;
		return nft(await this.#wire.agent, [
			`add table ${BRIDGE_TABLE}`,
			`add chain ${chain} { type filter hook prerouting priority ${this.#wire.takePriority()}; }`,
			...this.#sets.map(({ name, definition }) => `add set ${BRIDGE_TABLE} ${name} ${definition}`),
			...this.#from.flatMap((host) =>
				this.#markings.map(
					({ bit, match: { expression } }) =>
						`add rule ${chain} iifname "${host}-*" ${expression} meta mark set meta mark or 0x${(2 ** bit).toString(16)}`,
				),
			),
		]);
	}

	async remove(): Promise<void> {
		const chain = `${BRIDGE_TABLE} ${this.#id}`;
		await nft(await this.#wire.agent, [
			`flush chain ${chain}`,
			`delete chain ${chain}`,
			...this.#sets.map(({ name }) => `delete set ${BRIDGE_TABLE} ${name}`),
		]);
	}

	get #sets() {
		return this.#markings.flatMap(({ match }) => match.sets);
	}
}
