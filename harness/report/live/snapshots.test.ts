import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { type Changeable, takeSnapshots } from './snapshots.ts';

class GrowingHistory implements Changeable {
	events: readonly unknown[] = [];
	readonly listeners = new Set<() => void>();

	onChange(listener: () => void): () => void {
		this.listeners.add(listener);
		return () => this.listeners.delete(listener);
	}

	grow(): void {
		this.events = [...this.events, {}];
		this.notify();
	}

	notify(): void {
		for (const listener of this.listeners) listener();
	}
}

beforeEach(() => void jest.useFakeTimers());
afterEach(() => void jest.useRealTimers());

describe('snapshots', () => {
	test('are taken immediately, and then once for all changes in a quarter of a second', () => {
		const history = new GrowingHistory();
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

	test('are not taken if nothing was added', () => {
		const history = new GrowingHistory();
		const take = jest.fn(() => true);
		takeSnapshots(history, take);
		history.notify();
		jest.advanceTimersByTime(1_000);
		expect(take).toHaveBeenCalledTimes(1);
	});

	test('are taken less often if they take longer', () => {
		const history = new GrowingHistory();
		const take = jest.fn(() => {
			// The clock is fake, too.
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

	test('are tried again if one could not be taken', () => {
		const history = new GrowingHistory();
		const take = jest.fn<() => boolean>().mockReturnValueOnce(false).mockReturnValue(true);
		takeSnapshots(history, take);
		jest.advanceTimersByTime(1_000);
		expect(take).toHaveBeenCalledTimes(2);
	});

	test('end after an error, which is not reported', () => {
		const history = new GrowingHistory();
		const take = jest.fn(() => {
			throw new Error('no picture');
		});
		takeSnapshots(history, take);
		history.grow();
		jest.advanceTimersByTime(1_000);
		expect(take).toHaveBeenCalledTimes(1);
		expect(history.listeners.size).toBe(0);
	});

	test('end when the returned function is called', () => {
		const history = new GrowingHistory();
		const take = jest.fn(() => true);
		const end = takeSnapshots(history, take);
		history.grow();
		end();
		history.grow();
		jest.advanceTimersByTime(1_000);
		expect(take).toHaveBeenCalledTimes(1);
	});
});
