import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { type Changeable, takeSnapshots } from './snapshots.ts';

class Growing implements Changeable {
	events: readonly unknown[] = [];
	readonly listeners = new Set<() => void>();

	onChange(listener: () => void): () => void {
		this.listeners.add(listener);
		return () => this.listeners.delete(listener);
	}

	grow(): void {
		this.events = [...this.events, {}];
		this.nudge();
	}

	nudge(): void {
		for (const listener of this.listeners) listener();
	}
}

beforeEach(() => void jest.useFakeTimers());
afterEach(() => void jest.useRealTimers());

describe('snapshots', () => {
	test('are taken at once, and then once for all changes of a quarter of a second', () => {
		const history = new Growing();
		const taken: number[] = [];
		takeSnapshots(history, () => taken.push(history.events.length) > 0);
		expect(taken).toEqual([0]);
		for (let time = 0; time < 1_000; time += 10) {
			history.grow();
			jest.advanceTimersByTime(10);
		}
		jest.advanceTimersByTime(250);
		expect(taken.length).toBeLessThanOrEqual(5);
		expect(taken.at(-1)).toBe(100);
	});

	test('are not taken where nothing was added', () => {
		const history = new Growing();
		const take = jest.fn(() => true);
		takeSnapshots(history, take);
		history.nudge();
		jest.advanceTimersByTime(1_000);
		expect(take).toHaveBeenCalledTimes(1);
	});

	test('are the rarer the longer they take', () => {
		const history = new Growing();
		const take = jest.fn(() => {
			// The clock is a false one, too.
			jest.advanceTimersByTime(100);
			return true;
		});
		takeSnapshots(history, take);
		history.grow();
		jest.advanceTimersByTime(4_899);
		expect(take).toHaveBeenCalledTimes(1);
		jest.advanceTimersByTime(101);
		expect(take).toHaveBeenCalledTimes(2);
	});

	test('are tried again where one could not be taken', () => {
		const history = new Growing();
		const take = jest.fn<() => boolean>().mockReturnValueOnce(false).mockReturnValue(true);
		takeSnapshots(history, take);
		jest.advanceTimersByTime(1_000);
		expect(take).toHaveBeenCalledTimes(2);
	});

	test('end with one that fails, and nobody else is told', () => {
		const history = new Growing();
		const take = jest.fn(() => {
			throw new Error('no picture');
		});
		takeSnapshots(history, take);
		history.grow();
		jest.advanceTimersByTime(1_000);
		expect(take).toHaveBeenCalledTimes(1);
		expect(history.listeners.size).toBe(0);
	});

	test('end when they are ended', () => {
		const history = new Growing();
		const take = jest.fn(() => true);
		const end = takeSnapshots(history, take);
		history.grow();
		end();
		history.grow();
		jest.advanceTimersByTime(1_000);
		expect(take).toHaveBeenCalledTimes(1);
	});
});
