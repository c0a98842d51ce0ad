/** Faults of the relay: what they tell the relay and the firewall, in which order, and what is left if one of them fails. */
import { describe, expect, test } from '@jest/globals';
import { failureOf, fakeContext } from '../fixtures.ts';
import type { Wire } from '../lab/wire.ts';
import type { Relay } from '../probes/relay.ts';
import { HISTORY_START } from '../timeline/fixtures.ts';
import { duplicateSegments } from './duplicate.ts';
import { FakeMachine } from './fixtures.ts';
import { holdPackets } from './hold.ts';
import type { Relaying } from './relayed.ts';
import { reorderSegments } from './reorder.ts';

/** A lab whose relay and firewall accept everything, unless the test says otherwise. */
function fakeLab() {
	const done: string[] = [];
	const machine = new FakeMachine();
	const bits = new Set<number>();
	const counts = new Map<string, number>();
	const heals: (() => Promise<void>)[] = [];
	const relay = {
		takeBit: (does: string) => {
			const bit = [0, 1, 2].find((one) => !bits.has(one)) ?? 0;
			bits.add(bit);
			return does === 'copy' ? bit + 16 : bit;
		},
		freeBit: (bit: number) => bits.delete(bit % 16),
		command: async (...words: readonly (string | number)[]) => {
			done.push(words.join(' '));
			return HISTORY_START;
		},
		count: (fault: string, what: string, to: string) => counts.get(`${fault} ${what} ${to}`) ?? 0,
	};
	const agent = {
		run: async (argv: readonly string[], options: { input?: string }) => {
			const result = await machine.run(argv, options);
			if (result.status === 0) done.push(options.input?.includes('delete chain') ? 'rules removed' : 'rules inserted');
			return result;
		},
	};
	const wire = {
		agent: Promise.resolve(agent),
		startRelay: async () => relay as unknown as Relay,
		takePriority: () => 1,
	};
	const context = { ...fakeContext(), onEnd: (given: () => Promise<void>) => void heals.push(given) };
	const relaying: Relaying = { wire: wire as unknown as Wire, context, longestSegments: () => [1_500, 1_500] };
	return { relaying, done, machine, bits, counts, end: () => Promise.all(heals.map((heal) => heal())) };
}

describe('a fault of the relay', () => {
	test('begins at the relay, and ends there: nothing is taken that the relay does not expect', async () => {
		const { relaying, done, counts, bits, machine } = fakeLab();
		const hold = await holdPackets(relaying, { from: 'client', destinationPort: 8080 });
		expect(machine.commands[0]).toContain(
			'iifname "client-*" meta l4proto tcp tcp dport 8080 meta mark set meta mark or 0x1',
		);
		expect(machine.commands[0]).not.toContain('server-*');
		counts.set('hold-1 held server', 2);
		await hold.heal();
		expect(done).toEqual(['fault 0 hold-1 hold', 'rules inserted', 'end 0', 'rules removed', 'sync']);
		expect(bits.size).toBe(0);
		const [healed] = relaying.context.history.of('fault').filter(({ phase }) => phase === 'healed');
		expect(healed?.proof).toBe('packets held: 2 to the server');
	});

	test('that only copies leaves the packets alone', async () => {
		const { relaying, machine } = fakeLab();
		await duplicateSegments(relaying, { share: 0.5 });
		expect(machine.commands[0]).toContain('meta mark set meta mark or 0x10000\n');
	});

	test('that chooses among all gives the chosen ones another bit', async () => {
		const { relaying, machine, done } = fakeLab();
		await reorderSegments(relaying, { by: 3, every: 2, atMostMs: 1.5 });
		expect(done[0]).toBe('fault 0 reorder-1 reorder 1 3 1500');
		const rules = machine.commands[0]?.split('\n').filter((line) => line.includes('"client-*"'));
		expect(rules?.map((rule) => rule.replace(/.*"client-\*" /, ''))).toEqual([
			'meta l4proto tcp meta mark set meta mark or 0x1',
			expect.stringMatching(/^meta l4proto tcp .*numgen inc mod 2 0 meta mark set meta mark or 0x2$/),
		]);
	});

	test('that nft refuses is ended at the relay, and nothing is left to heal', async () => {
		const { relaying, done, machine, bits, end } = fakeLab();
		machine.failure = (command) => (command.startsWith('nft') ? 'no such file' : undefined);
		expect(await failureOf(holdPackets(relaying, {}))).toMatchObject({ code: 'ENGINE_REFUSED' });
		expect(done).toEqual(['fault 0 hold-1 hold', 'end 0']);
		expect(bits.size).toBe(0);
		await end();
		expect(done).toHaveLength(2);
	});

	test('that has done nothing fails when it is healed, after it was undone', async () => {
		const { relaying, done } = fakeLab();
		const hold = await holdPackets(relaying, {});
		expect(await failureOf(hold.heal())).toMatchObject({ code: 'FAULT_WITHOUT_EFFECT' });
		expect(done).toContain('rules removed');
	});
});
