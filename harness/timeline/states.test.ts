import { describe, expect, test } from '@jest/globals';
import { CLIENT, SERVER, sampleAt, stateEvent } from './fixtures.ts';
import { pathOf, SampledStates } from './states.ts';

/** Returns the changes that samples show, as `from → to`. */
const changesOf = (states: SampledStates, ...samples: ReturnType<typeof sampleAt>[]) =>
	samples.map((sample) => states.sample(sample).map(({ from, to }) => `${from} → ${to}`));

const listener = {
	state: 'LISTEN',
	local: { address: '0.0.0.0', port: 8080 },
	remote: { address: '0.0.0.0', port: 0 },
};
const secondClient = { address: CLIENT.address, port: CLIENT.port + 1 };

describe('without a trace', () => {
	test('every change that a sample shows is reported once, with the time of the sample', () => {
		const states = new SampledStates(false);
		expect(states.sample(sampleAt(1, 'client', 'SYN-SENT'))).toEqual([
			{
				kind: 'state',
				t: 1,
				host: 'client',
				boot: 1,
				local: CLIENT,
				remote: SERVER,
				from: 'CLOSED',
				to: 'SYN-SENT',
				how: 'sampled',
			},
		]);
		expect(
			changesOf(
				states,
				sampleAt(2, 'client', 'ESTAB'),
				sampleAt(3, 'client', 'ESTAB'),
				sampleAt(4, 'client', 'TIME-WAIT'),
				sampleAt(5, 'client'),
				sampleAt(6, 'client'),
			),
		).toEqual([['SYN-SENT → ESTAB'], [], ['ESTAB → TIME-WAIT'], ['TIME-WAIT → CLOSED'], []]);
	});

	test('sockets are identified by both endpoints', () => {
		const states = new SampledStates(false);
		const second = { state: 'ESTAB', local: SERVER, remote: secondClient };
		expect(
			changesOf(
				states,
				sampleAt(1, 'server', listener, 'ESTAB'),
				sampleAt(2, 'server', listener, 'CLOSE-WAIT', second),
				sampleAt(3, 'server', second),
			),
		).toEqual([
			['CLOSED → LISTEN', 'CLOSED → ESTAB'],
			['ESTAB → CLOSE-WAIT', 'CLOSED → ESTAB'],
			['LISTEN → CLOSED', 'CLOSE-WAIT → CLOSED'],
		]);
	});

	test('a sample that began before the last one is ignored', () => {
		const states = new SampledStates(false);
		expect(
			changesOf(states, sampleAt(2, 'client', 'ESTAB'), sampleAt(1, 'client', 'SYN-SENT'), sampleAt(2, 'client')),
		).toEqual([['CLOSED → ESTAB'], [], []]);
	});
});

describe('with a trace', () => {
	test('changes that the kernel traces are not reported, whichever comes first', () => {
		const states = new SampledStates(true);
		expect(changesOf(states, sampleAt(1, 'client', 'SYN-SENT'))).toEqual([[]]);
		states.trace(stateEvent(1, 'client', 'SYN-SENT', 'ESTAB'));
		expect(changesOf(states, sampleAt(2, 'client', 'ESTAB'))).toEqual([[]]);
		// The trace of the change to CLOSE-WAIT has not arrived yet.
		expect(changesOf(states, sampleAt(3, 'client', 'CLOSE-WAIT'))).toEqual([[]]);
		// Neither has that of the end.
		expect(changesOf(states, sampleAt(4, 'client'))).toEqual([[]]);
	});

	test('a traced change that arrives after a later sample is ignored', () => {
		const states = new SampledStates(true);
		expect(changesOf(states, sampleAt(3, 'server', 'FIN-WAIT-2'))).toEqual([['CLOSED → FIN-WAIT-2']]);
		states.trace(stateEvent(1, 'server', 'FIN-WAIT-1', 'FIN-WAIT-2'));
		states.trace(stateEvent(2, 'server', 'FIN-WAIT-2', 'CLOSED'));
		expect(changesOf(states, sampleAt(4, 'server'))).toEqual([['FIN-WAIT-2 → CLOSED']]);
	});

	test('listeners are reported: their addresses are of no host, so a lab takes no trace of them', () => {
		expect(
			changesOf(
				new SampledStates(true),
				sampleAt(1, 'server', listener),
				sampleAt(2, 'server', listener),
				sampleAt(3, 'server'),
			),
		).toEqual([['CLOSED → LISTEN'], [], ['LISTEN → CLOSED']]);
	});

	test('TIME-WAIT is reported after the kernel has closed the full socket, and so is its end', () => {
		const states = new SampledStates(true);
		states.trace(stateEvent(1, 'server', 'FIN-WAIT-1', 'FIN-WAIT-2'));
		// The trace of the close has not arrived yet: reported now, TIME-WAIT would be before CLOSED.
		expect(changesOf(states, sampleAt(2.1, 'server', 'TIME-WAIT'))).toEqual([[]]);
		states.trace(stateEvent(2, 'server', 'FIN-WAIT-2', 'CLOSED'));
		expect(
			changesOf(
				states,
				sampleAt(2.2, 'server', 'TIME-WAIT'),
				sampleAt(3, 'server', 'TIME-WAIT'),
				sampleAt(62, 'server'),
			),
		).toEqual([['CLOSED → TIME-WAIT'], [], ['TIME-WAIT → CLOSED']]);
	});

	test('a sample that began before the traced change is ignored: its row may be older or newer', () => {
		const states = new SampledStates(true);
		states.trace(stateEvent(2, 'server', 'FIN-WAIT-2', 'CLOSED'));
		expect(changesOf(states, sampleAt(1.99, 'server', 'TIME-WAIT'), sampleAt(2, 'server', 'TIME-WAIT'))).toEqual([
			[],
			[],
		]);
	});

	test('FIN-WAIT-2 of an orphan is reported, and so is the change to TIME-WAIT', () => {
		const states = new SampledStates(true);
		states.trace(stateEvent(1, 'server', 'FIN-WAIT-2', 'CLOSED'));
		expect(changesOf(states, sampleAt(2, 'server', 'FIN-WAIT-2'), sampleAt(3, 'server', 'TIME-WAIT'))).toEqual([
			['CLOSED → FIN-WAIT-2'],
			['FIN-WAIT-2 → TIME-WAIT'],
		]);
	});

	test('FIN-WAIT-2 of a socket with a process is left to the trace', () => {
		const states = new SampledStates(true);
		states.trace(stateEvent(1, 'server', 'ESTAB', 'FIN-WAIT-1'));
		expect(changesOf(states, sampleAt(2, 'server', 'FIN-WAIT-2'))).toEqual([[]]);
	});

	test('SYN-RECV is reported, and ends with the traced change of the new socket', () => {
		const states = new SampledStates(true);
		expect(changesOf(states, sampleAt(1, 'server', 'SYN-RECV'))).toEqual([['CLOSED → SYN-RECV']]);
		states.trace(stateEvent(2, 'server', 'SYN-RECV', 'ESTAB'));
		expect(changesOf(states, sampleAt(3, 'server', 'ESTAB'), sampleAt(4, 'server'))).toEqual([[], []]);
	});

	test('SYN-RECV of a failed handshake ends with its row', () => {
		expect(changesOf(new SampledStates(true), sampleAt(1, 'server', 'SYN-RECV'), sampleAt(2, 'server'))).toEqual([
			['CLOSED → SYN-RECV'],
			['SYN-RECV → CLOSED'],
		]);
	});
});

describe('the path of a host', () => {
	const sampled = { how: 'sampled' } as const;
	const second = { remote: secondClient };

	test('has the states in order, without repetitions', () => {
		const events = [
			stateEvent(1, 'client', 'CLOSED', 'SYN-SENT'),
			stateEvent(2, 'client', 'SYN-SENT', 'ESTAB'),
			stateEvent(3, 'client', 'SYN-SENT', 'ESTAB'),
			stateEvent(4, 'client', 'ESTAB', 'CLOSE-WAIT'),
		];
		expect(pathOf(events, 'client')).toEqual(['SYN-SENT', 'ESTAB', 'CLOSE-WAIT']);
	});

	test('leaves out the other host, ghosts and listeners', () => {
		const events = [
			stateEvent(1, 'server', 'CLOSED', 'LISTEN', { ...sampled, remote: listener.remote }),
			stateEvent(2, 'server', 'LISTEN', 'SYN-RECV'),
			stateEvent(3, 'client', 'CLOSED', 'SYN-SENT'),
			stateEvent(4, 'server', 'ESTAB', 'FIN-WAIT-1', { ghost: true }),
		];
		expect(pathOf(events, 'server')).toEqual(['SYN-RECV']);
	});

	test('leaves out CLOSED if a TIME-WAIT socket replaces the full one', () => {
		const events = [
			stateEvent(1, 'server', 'FIN-WAIT-1', 'FIN-WAIT-2'),
			stateEvent(2, 'server', 'FIN-WAIT-2', 'CLOSED'),
			stateEvent(3, 'server', 'CLOSED', 'TIME-WAIT', sampled),
			stateEvent(63, 'server', 'TIME-WAIT', 'CLOSED', sampled),
		];
		expect(pathOf(events, 'server')).toEqual(['FIN-WAIT-2', 'TIME-WAIT', 'CLOSED']);
	});

	test('leaves out CLOSED if FIN-WAIT-2 continues without a full socket', () => {
		const events = [
			stateEvent(1, 'server', 'FIN-WAIT-1', 'FIN-WAIT-2'),
			stateEvent(2, 'server', 'FIN-WAIT-2', 'CLOSED'),
			stateEvent(3, 'server', 'CLOSED', 'FIN-WAIT-2', sampled),
			stateEvent(4, 'server', 'FIN-WAIT-2', 'CLOSED', sampled),
		];
		expect(pathOf(events, 'server')).toEqual(['FIN-WAIT-2', 'CLOSED']);
	});

	test('keeps the end of one connection before the beginning of another', () => {
		const events = [
			stateEvent(1, 'server', 'LAST-ACK', 'CLOSED'),
			stateEvent(2, 'server', 'CLOSED', 'SYN-RECV', { ...sampled, ...second }),
			stateEvent(3, 'server', 'SYN-RECV', 'ESTAB', second),
		];
		expect(pathOf(events, 'server')).toEqual(['CLOSED', 'SYN-RECV', 'ESTAB']);
	});

	test('keeps the end of a connection whose ports are used again', () => {
		const events = [
			stateEvent(1, 'server', 'LAST-ACK', 'CLOSED'),
			stateEvent(2, 'server', 'CLOSED', 'SYN-RECV', sampled),
		];
		expect(pathOf(events, 'server')).toEqual(['CLOSED', 'SYN-RECV']);
	});

	test('leaves out such a CLOSED also if another connection changed in between', () => {
		const events = [
			stateEvent(1, 'server', 'FIN-WAIT-2', 'CLOSED'),
			stateEvent(2, 'server', 'SYN-RECV', 'ESTAB', second),
			stateEvent(3, 'server', 'CLOSED', 'TIME-WAIT', sampled),
		];
		expect(pathOf(events, 'server')).toEqual(['ESTAB', 'TIME-WAIT']);
	});
});
