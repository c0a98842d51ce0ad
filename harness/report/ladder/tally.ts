import { type EventOf, forEachNode, NODE_NAMES } from '../../timeline/events.ts';
import type { Item } from './item.ts';

/** Counts items: segments in each direction, lost segments by fate, and everything else. */
export function tallyOf(items: readonly Item[]): string {
	const tally = new Tally();
	tally.add(items);
	return tally.words;
}

class Tally {
	readonly #sent = forEachNode(() => 0);
	readonly #lost = new Map<string, number>();
	#again = 0;
	#bytes = 0;
	#icmp = 0;
	#calls = 0;
	#others = 0;

	add(items: readonly Item[]): void {
		for (const item of items) {
			if (item.slot === 'full') this.add(item.parts ?? []);
			else if (item.event?.kind === 'segment') this.#segment(item, item.event);
			else if (item.event?.kind === 'icmp') this.#icmp += item.segments;
			else if (item.event?.kind === 'call') this.#calls += 1;
			else this.#others += 1;
		}
	}

	#segment({ segments }: Item, { host, length, fate, by, retransmission }: EventOf<'segment'>): void {
		this.#sent[host] += segments;
		this.#bytes += length * segments;
		if (retransmission) this.#again += segments;
		if (fate === 'delivered') return;
		const words = lossInWords(fate, by);
		this.#lost.set(words, (this.#lost.get(words) ?? 0) + segments);
	}

	get words(): string {
		const parts = [
			...NODE_NAMES.map((node) => counted(this.#sent[node], 'segment', `from the ${node}`)),
			counted(this.#bytes, 'byte', 'in all'),
			counted(this.#again, 'retransmission'),
			...[...this.#lost].map(([words, times]) => `${times} ${words}`),
			counted(this.#icmp, 'ICMP message'),
			counted(this.#calls, 'call'),
			counted(this.#others, 'other event'),
		];
		return parts.filter(Boolean).join(', ');
	}
}

function counted(count: number, what: string, more = ''): string {
	return count === 0 ? '' : `${count} ${what}${count === 1 ? '' : 's'}${more === '' ? '' : ` ${more}`}`;
}

function lossInWords(fate: 'dropped' | 'unobserved' | 'unknown', by: string | undefined): string {
	if (fate === 'dropped') return `dropped by ${by ?? 'a fault'}`;
	return fate === 'unobserved' ? 'that nobody received' : 'of unknown fate';
}
