import { expect, test } from '@jest/globals';
import { reserveBlocks } from './reserve-blocks.ts';
import { BLOCKS } from './subnets.ts';

/** Returns a function that draws these blocks in turn and then repeats the last. */
function drawing(...blocks: readonly number[]): { draw: () => number; left: () => number } {
	const rest = [...blocks];
	return { draw: () => (rest.length > 1 ? rest.shift() : rest[0]) ?? 0, left: () => rest.length };
}

/** Returns a block whose parts no run of this machine uses now. */
async function freeBlock(): Promise<number> {
	const { first, release } = await reserveBlocks();
	release();
	return first;
}

test('does not return a block in the two parts that another run has reserved', async () => {
	const block = await freeBlock();
	const one = await reserveBlocks(() => block);
	const elsewhere = (block + BLOCKS / 2) % BLOCKS;
	const next = (block + 340) % BLOCKS;
	const { draw, left } = drawing(block, next, elsewhere);
	const other = await reserveBlocks(draw);
	expect([one.first, other.first, left()]).toEqual([block, elsewhere, 1]);
	one.release();
	other.release();
});

test('a released part can be reserved again', async () => {
	const block = await freeBlock();
	for (let turn = 0; turn < 2; turn++) {
		const { first, release } = await reserveBlocks(drawing(block, (block + BLOCKS / 2) % BLOCKS).draw);
		expect(first).toBe(block);
		release();
	}
});
