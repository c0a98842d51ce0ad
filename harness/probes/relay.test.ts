import { describe, expect, test } from '@jest/globals';
import type { Agent, StreamHandlers } from '../agent/agent.ts';
import { quietResolvers } from '../agent/promises.ts';
import type { LabClock } from '../engines/engine.ts';
import { forgedFrame } from '../faults/forged-frame.ts';
import { CLIENT, emptyHistory, HISTORY_START, SERVER } from '../timeline/fixtures.ts';
import { Relay, relayCommands } from './relay.ts';

/** A relay whose process is played by the test. */
async function relay() {
	const history = emptyHistory();
	const written: string[] = [];
	let handlers: StreamHandlers = {};
	const exited = quietResolvers<{ status: number; t: number }>();
	const process = {
		write: async (text: string) => void written.push(text),
		end: async () => exited.resolve({ status: 0, t: 0 }),
		exited: exited.promise,
		drained: Promise.resolve(),
	};
	const agent = {
		spawnRelay: async (given: StreamHandlers) => {
			handlers = given;
			return process;
		},
	};
	const says = (...lines: readonly string[]) =>
		handlers.out?.(Buffer.from(lines.map((line) => `${HISTORY_START}.${line}\n`).join('')), 0);
	const starting = Relay.start(agent as unknown as Agent, {
		history,
		clock: { now: () => HISTORY_START } as unknown as LabClock,
	});
	await Promise.resolve();
	says('000000 ready');
	return { relay: await starting, history, written, says, handlers, exited };
}

/** The IP packet of a segment that the client sends, in hexadecimal digits. */
const PACKET = forgedFrame({
	...{ fromMac: '02:00:c6:12:00:02', toMac: '02:00:c6:12:00:03', from: CLIENT, to: SERVER },
	...{ flags: 'P.', seq: 1_000, ack: 2_000, window: 502, ipId: 7, data: Buffer.from('abc') },
})
	.subarray(14)
	.toString('hex');
const TAKEN = `100000 taken 1 server 43 ${PACKET}`;

describe('what the relay prints', () => {
	test('becomes a change of the segment, and is counted', async () => {
		const { relay: one, history, says } = await relay();
		says(TAKEN, '100001 held 1 hold-1 0');
		expect(history.segments).toMatchObject([
			{ host: 'client', length: 3, changes: [{ by: 'hold-1', what: 'held', t: 0.100001 }] },
		]);
		expect(one.count('hold-1', 'held', 'server')).toBe(1);
		says('900000 released 1 hold-1 0', '900001 sent 1');
		expect(history.segments[0]?.changes).toEqual([{ by: 'hold-1', what: 'held', t: 0.100001, until: 0.9 }]);
		expect(one.count('hold-1', 'released', 'server')).toBe(1);
		expect(one.count('hold-1', 'released', 'client')).toBe(0);
	});

	test('may come in pieces', async () => {
		const { history, handlers } = await relay();
		const bytes = Buffer.from(`${HISTORY_START}.${TAKEN}\n${HISTORY_START}.2 corrupted 1 corrupt-1 0\n`);
		for (const byte of bytes) handlers.out?.(Buffer.from([byte]), 0);
		expect(history.segments).toMatchObject([{ fate: 'dropped', by: 'corrupt-1' }]);
	});

	test('what was overtaken is reordered, what was only late is held', async () => {
		const { relay: one, history, says } = await relay();
		says(TAKEN, '2 reordered 1 reorder-1 0', '3 released 1 reorder-1 2');
		expect(history.segments[0]?.changes).toMatchObject([{ what: 'reordered', overtakenBy: 2 }]);
		expect(one.count('reorder-1', 'overtaken', 'server')).toBe(1);
		says(TAKEN.replace('taken 1', 'taken 2'), '2 reordered 2 reorder-1 0', '3 released 2 reorder-1 0');
		expect(history.segments[1]?.changes).toMatchObject([{ what: 'held', until: 0.3 }]);
		expect(one.count('reorder-1', 'overtaken', 'server')).toBe(1);
	});

	test('a packet that is no segment is counted, and is no event', async () => {
		const { relay: one, history, says } = await relay();
		says('1 taken 5 client 28 0001080006040001', '1 held 5 hold-1 0');
		expect(history.packets).toEqual([]);
		expect(one.count('hold-1', 'held', 'client')).toBe(1);
	});
});

describe('commands', () => {
	test('are answered in order', async () => {
		const { relay: one, written, says } = await relay();
		const answers = [one.command('sync'), one.command('release', 3, 1)];
		await Promise.resolve();
		says('5 done', '6 refused no such fault');
		expect(written).toEqual(['sync\n', 'release 3 1\n']);
		expect(await answers[0]).toBe(HISTORY_START + 0.5);
		await expect(answers[1]).rejects.toMatchObject({ code: 'AGENT_REFUSED', seen: 'release 3 1\nno such fault' });
	});

	test('reject when the relay ends, and what it would have reported is unknown', async () => {
		const { relay: one, history, handlers, exited } = await relay();
		const asked = one.command('sync');
		handlers.err?.(Buffer.from('relay: the log cannot be read'), 0);
		exited.resolve({ status: 1, t: 0 });
		await expect(asked).rejects.toMatchObject({ code: 'ENGINE_GONE', seen: 'relay: the log cannot be read' });
		expect(history.losses).toMatchObject([{ observer: 'relay', host: 'wire', since: 0 }]);
		// Then a flush has nothing to wait for, and hosts go on and off.
		await one.flush(1);
		await expect(one.setPort('client', undefined)).resolves.toBeUndefined();
	});

	test('stopping it is no loss', async () => {
		const { relay: one, history } = await relay();
		await one.stop();
		expect(history.losses).toEqual([]);
	});
});

test('what the log has lost is a loss, from the last time at which it was complete', async () => {
	const { relay: one, history, says } = await relay();
	const flushed = one.flush(0.2);
	await Promise.resolve();
	says('3 done');
	await flushed;
	says('4 overflow');
	expect(history.losses).toMatchObject([{ observer: 'relay', host: 'wire', since: 0.2, until: 0.4 }]);
});

test('each fault that takes packets has a bit of its own, until it is healed', async () => {
	const { relay: one } = await relay();
	const bits = Array.from({ length: 16 }, () => one.takeBit('take'));
	expect(new Set(bits).size).toBe(16);
	expect(() => one.takeBit('take')).toThrow(expect.objectContaining({ code: 'ENGINE_REFUSED' }));
	expect(bits).not.toContain(one.takeBit('copy'));
	one.freeBit(bits[3] ?? 0);
	expect(one.takeBit('take')).toBe(bits[3]);
	// The rules know which bits these are.
	expect(relayCommands('bridge x').filter((line) => line.includes('0xffff !='))).toHaveLength(2);
	expect(relayCommands('bridge x').filter((line) => line.includes('0xffff0000 !='))).toHaveLength(2);
});
