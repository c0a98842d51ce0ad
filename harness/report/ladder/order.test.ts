import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Event, HostName } from '../../timeline/events.ts';
import { TimelineBuilder } from './fixtures/builder.ts';
import { type Ladder, layOut } from './index.ts';
import { inCausalOrder } from './order.ts';

describe('inCausalOrder', () => {
	test('keeps the order if no item is before its cause', () => {
		expect(inCausalOrder(4, () => {})).toEqual([0, 1, 2, 3]);
	});

	test('moves an item that is too early directly after its cause, and its effects after that', () => {
		const causes: Record<number, number[]> = { 0: [2], 1: [0] };
		expect(inCausalOrder(4, (index, visit) => causes[index]?.forEach(visit))).toEqual([2, 0, 1, 3]);
	});

	test('returns each item once, and none before its causes unless they form a cycle', () => {
		const relation = fc.tuple(fc.nat({ max: 19 }), fc.nat({ max: 19 }));
		fc.assert(
			fc.property(fc.array(relation, { maxLength: 20 }), fc.boolean(), (pairs, isAcyclic) => {
				// Without cycles, a rank, which is not the order, decides which item may cause which.
				const rank = (index: number) => (index * 7) % 20;
				const causes = isAcyclic ? pairs.filter(([cause, effect]) => rank(cause) < rank(effect)) : pairs;
				const order = inCausalOrder(20, (index, visit) => {
					for (const [cause, effect] of causes) if (effect === index) visit(cause);
				});
				expect(order.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, index) => index));
				if (isAcyclic)
					for (const [cause, effect] of causes) expect(order.indexOf(cause)).toBeLessThan(order.indexOf(effect));
			}),
		);
	});
});

/** The error of each observer's clock, in seconds. */
interface Clocks {
	readonly strace: Readonly<Record<HostName, number>>;
	readonly capture: number;
	readonly kernel: number;
}

/** Identifies a drawn item: its host, and the beginning of its text. */
type Name = string;

/** Records a plausible connection from the SYN to the last ACK, and which item causes which. */
class RecordedConnection {
	readonly events: Event[] = [];
	readonly relations: [cause: Name, effect: Name][] = [];
	readonly #gaps: readonly number[];
	readonly #clocks: Clocks;
	readonly #sent: Record<HostName, number> = { client: 1, server: 1 };
	#t = 1;
	#steps = 0;

	constructor(gaps: readonly number[], clocks: Clocks, senders: readonly HostName[]) {
		this.#gaps = gaps;
		this.#clocks = clocks;
		this.#connect();
		// The lengths differ, because three messages that are alike would be folded.
		for (const [turn, sender] of senders.entries()) this.#send(sender, `data ${'.'.repeat(turn)}${turn}`);
		this.#close();
	}

	#connect(): void {
		const accept = this.#now();
		const connect = this.#now();
		this.#state('client', 'CLOSED', 'SYN-SENT', 'client connect(');
		this.#segment('client', 'S', {}, 'client connect(');
		this.#state('server', 'LISTEN', 'SYN-RECV', 'client S');
		this.#segment('server', 'S.', { ack: 1 }, 'client S');
		this.#state('client', 'SYN-SENT', 'ESTAB', 'server S.');
		this.#call(
			'client',
			connect,
			'connect',
			'3, {sa_family=AF_INET, sin_port=htons(8080)}, 16',
			0,
			'server S.',
			'client … connect',
		);
		this.#segment('client', '.', { seq: 1, ack: 1 }, 'server S.');
		this.#state('server', 'SYN-RECV', 'ESTAB', 'client . seq 1 ack 1');
		this.#call(
			'server',
			accept,
			'accept4',
			'3, {sin_port=htons(49152)}, [16]',
			4,
			'client . seq 1 ack 1',
			'server … accept4|server accept4(',
		);
	}

	#send(host: HostName, data: string): void {
		const other = otherOf(host);
		const fd = host === 'client' ? 3 : 4;
		const seq = this.#sent[host];
		const written = this.#now();
		this.#sent[host] += data.length;
		const arrow = `${host} P. seq ${seq} len ${data.length}`;
		this.#segment(
			host,
			'P.',
			{ seq, ack: this.#sent[other], length: data.length },
			`${host} write(${fd}, "${data}"`,
			arrow,
		);
		this.#call(host, written, 'write', `${fd}, "${data}", 9`, data.length);
		const read = this.#now();
		const otherFd = host === 'client' ? 4 : 3;
		this.#call(
			other,
			read,
			'read',
			`${otherFd}, "${data}", 9`,
			data.length,
			arrow,
			`${other} read(${otherFd}, "${data}"`,
		);
		this.#segment(other, '.', { seq: this.#sent[other], ack: this.#sent[host] }, arrow);
	}

	#close(): void {
		const [client, server] = [this.#sent.client, this.#sent.server];
		const close = this.#now();
		this.#state('client', 'ESTAB', 'FIN-WAIT-1', 'client close(');
		this.#segment('client', 'F.', { seq: client, ack: server }, 'client close(');
		this.#call('client', close, 'close', '3', 0);
		this.#state('server', 'ESTAB', 'CLOSE-WAIT', `client F. seq ${client}`);
		this.#segment('server', '.', { seq: server, ack: client + 1 }, `client F. seq ${client}`);
		this.#state('client', 'FIN-WAIT-1', 'FIN-WAIT-2', `server . seq ${server} ack ${client + 1}`);
		this.#call('server', this.#now(), 'read', '4, "", 9', 0, `client F. seq ${client}`, 'server read(4) = 0');
		const last = this.#now();
		this.#state('server', 'CLOSE-WAIT', 'LAST-ACK', 'server close(');
		this.#segment('server', 'F.', { seq: server, ack: client + 1 }, 'server close(');
		this.#call('server', last, 'close', '4', 0);
		this.#segment('client', '.', { seq: client + 1, ack: server + 1 }, `server F. seq ${server}`);
		this.#state('server', 'LAST-ACK', 'CLOSED', `client . seq ${client + 1} ack ${server + 1}`);
	}

	#now(): number {
		this.#t += (this.#gaps[this.#steps++ % this.#gaps.length] ?? 1) / 1e6;
		return this.#t;
	}

	#state(host: HostName, from: string, to: string, cause: Name): void {
		this.#add(new TimelineBuilder().state(this.#now() + this.#clocks.kernel, host, from, to));
		this.relations.push([cause, `${host} [${to}]`]);
	}

	#segment(
		host: HostName,
		flags: string,
		numbers: { seq?: number; ack?: number; length?: number },
		cause: Name,
		name?: Name,
	): void {
		this.#add(new TimelineBuilder().segment(this.#now() + this.#clocks.capture, host, flags, numbers));
		const seq = flags.includes('F')
			? ` seq ${numbers.seq}`
			: flags === '.'
				? ` seq ${numbers.seq} ack ${numbers.ack}`
				: '';
		this.relations.push([cause, name ?? `${host} ${flags}${seq}`]);
	}

	#call(
		host: HostName,
		began: number,
		name: string,
		args: string,
		returned: number,
		cause?: Name,
		effect?: Name,
	): void {
		const fd = Number(args[0]);
		const took = this.#now() - began;
		const socket = {
			family: 'IPv4' as const,
			local: host === 'client' ? { address: '10.77.1.2', port: 49152 } : { address: '10.77.1.3', port: 8080 },
			...(!name.startsWith('accept') && {
				remote: host === 'client' ? { address: '10.77.1.3', port: 8080 } : { address: '10.77.1.2', port: 49152 },
			}),
		};
		this.#add(
			new TimelineBuilder().call(began + this.#clocks.strace[host], host, name, args, { fd, returned, took, socket }),
		);
		if (cause !== undefined && effect !== undefined) this.relations.push([cause, effect]);
	}

	#add(builder: TimelineBuilder): void {
		this.events.push(...builder.build({ scenario: '' }).events);
	}
}

function otherOf(host: HostName): HostName {
	return host === 'client' ? 'server' : 'client';
}

/** The position of an item: its row, and its line in the row. The arrow is in the first line. */
interface Position {
	readonly name: Name;
	readonly row: number;
	readonly line: number;
}

function positionsIn({ rows }: Ladder): Position[] {
	return rows.flatMap((row, index) => {
		if (row.kind !== 'events') return [];
		const marks = (['client', 'server'] as const).flatMap((host) =>
			row.marks[host].map(({ head, detail, tail }, line) => ({
				name: `${host} ${head}${detail}${tail}`,
				row: index,
				line,
			})),
		);
		const { wire } = row;
		if (wire === undefined) return marks;
		const [, seq] = /\n\S+ seq (\d+)/.exec(wire.title) ?? [];
		const numbers = wire.name === '.' ? [`seq ${seq}`, ...wire.numbers] : wire.numbers;
		return [{ name: [wire.from, wire.name, ...numbers].join(' '), row: index, line: 0 }, ...marks];
	});
}

function find(positions: readonly Position[], name: Name): Position {
	// A call that is drawn twice ends at the second position.
	const position = name
		.split('|')
		.map((text) => positions.find((each) => each.name === text) ?? positions.find((each) => each.name.startsWith(text)))
		.find((found) => found !== undefined);
	if (position === undefined) throw new Error(`${name} is not among\n${positions.map((each) => each.name).join('\n')}`);
	return position;
}

test('no effect is drawn above its cause, whatever the clocks’ errors are within their precision', () => {
	// Two clocks differ by less than PRECISION in item.ts.
	const error = fc.double({ min: -0.0009, max: 0.0009, noNaN: true });
	const clocks = fc.record({ strace: fc.record({ client: error, server: error }), capture: error, kernel: error });
	const gaps = fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 1, maxLength: 30 });
	const senders = fc.array(fc.constantFrom<HostName>('client', 'server'), { maxLength: 3 });
	fc.assert(
		fc.property(gaps, clocks, senders, (...parts) => {
			const { events, relations } = new RecordedConnection(...parts);
			const positions = positionsIn(layOut(new TimelineBuilder().build({ scenario: 'any', events })));
			const wrong = relations
				.map((pair) => pair.map((name) => find(positions, name)) as [Position, Position])
				.filter(([cause, effect]) => cause.row > effect.row || (cause.row === effect.row && cause.line > effect.line));
			expect(wrong).toEqual([]);
		}),
		{ numRuns: 500 },
	);
});
