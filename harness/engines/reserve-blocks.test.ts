import { expect, test } from '@jest/globals';
import { reserveBlocks } from './reserve-blocks.ts';
import { BLOCKS } from './subnets.ts';

/** Draws these, one after the other, and then the last again. */
function drawing(...blocks: readonly number[]): { draw: () => number; left: () => number } {
	const rest = [...blocks];
	return { draw: () => (rest.length > 1 ? rest.shift() : rest[0]) ?? 0, left: () => rest.length };
}

/** Parts that no run of this machine has now. */
async function freePlace(): Promise<number> {
	const { first, release } = await reserveBlocks();
	release();
	return first;
}

test('nobody begins where another run is, or goes on', async () => {
	const place = await freePlace();
	const one = await reserveBlocks(() => place);
	const elsewhere = (place + BLOCKS / 2) % BLOCKS;
	const next = (place + 340) % BLOCKS;
	const { draw, left } = drawing(place, next, elsewhere);
	const other = await reserveBlocks(draw);
	expect([one.first, other.first, left()]).toEqual([place, elsewhere, 1]);
	one.release();
	other.release();
});

test('what was released is free again', async () => {
	const place = await freePlace();
	for (let turn = 0; turn < 2; turn++) {
		const { first, release } = await reserveBlocks(drawing(place, (place + BLOCKS / 2) % BLOCKS).draw);
		expect(first).toBe(place);
		release();
	}
});
