import { closeSync, ftruncateSync, openSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { execa } from 'execa';
import { compile } from '../../util/compile.ts';
import { INIT_SOURCES } from './guest-init.ts';
import { SHARED_MEMORY_BYTES, SharedMemory, TO_GUEST_MAX_BYTES } from './shared-memory.ts';

/** The guest's side, compiled with its header: prints its input, and writes its arguments as output. */
const GUEST = `
#include "${INIT_SOURCES}/shared_memory.h"
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

int main(int count, char **words) {
	if (count != 4) return 1;
	uint8_t *memory = mmap(NULL, SHARED_MEMORY_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, open(words[1], O_RDWR), 0);
	struct shared_memory *shared = (struct shared_memory *)memory;
	printf("%" PRIu64 " %" PRIu64 " %u %u %u [%.*s] %d %d\\n", shared->deadline, shared->seed, shared->restart, shared->resumed, shared->from_guest,
		(int)shared->to_guest, (char *)memory + SHARED_MEMORY_TO_GUEST, SHARED_MEMORY_SIZE, SHARED_MEMORY_TO_GUEST_SIZE);
	shared->now = strtoull(words[2], NULL, 10);
	shared->from_guest = strlen(words[3]);
	memcpy(memory + SHARED_MEMORY_FROM_GUEST, words[3], shared->from_guest);
	return 0;
}
`;

let folder = '';
let file = '';

beforeAll(async () => {
	folder = await mkdtemp(join(tmpdir(), 'halfopen-shared-memory-'));
	const source = join(folder, 'guest.c');
	await writeFile(source, GUEST);
	await compile(join(folder, 'guest'), [source]);
});

afterAll(() => rm(folder, { recursive: true }));

beforeEach(() => {
	file = join(folder, 'memory');
	const opened = openSync(file, 'w');
	ftruncateSync(opened, SHARED_MEMORY_BYTES);
	closeSync(opened);
});

/** Runs one turn of the guest with this output. Returns its input. */
async function guest(now: bigint, output: string): Promise<string> {
	return (await execa(join(folder, 'guest'), [file, String(now), output])).stdout;
}

test('the layout is the same in TypeScript and in the guest’s C header', async () => {
	using shared = opened();
	const deadline = 1_767_225_600_123_456_789n;
	shared.write({ deadline, bytes: Buffer.from('hello?'), seed: 2n ** 63n + 7n, restart: true });
	expect(await guest(deadline - 1n, 'hello!')).toBe(
		`${deadline} ${2n ** 63n + 7n} 1 1 0 [hello?] ${SHARED_MEMORY_BYTES} ${TO_GUEST_MAX_BYTES}`,
	);
	expect(shared.read()).toEqual({ now: deadline - 1n, bytes: Buffer.from('hello!') });
});

test('a turn contains nothing of the turn before', async () => {
	using shared = opened();
	shared.write({ deadline: 5n, bytes: Buffer.from('a long request'), seed: 1n, restart: true });
	await guest(3n, 'a long answer');
	shared.write({ deadline: 6n, bytes: Buffer.alloc(0), seed: 0n, restart: false });
	expect(await guest(4n, '')).toBe(`6 0 0 1 0 [] ${SHARED_MEMORY_BYTES} ${TO_GUEST_MAX_BYTES}`);
	expect(shared.read()).toEqual({ now: 4n, bytes: Buffer.alloc(0) });
});

function opened(): SharedMemory & Disposable {
	const shared = new SharedMemory(file);
	return Object.assign(shared, { [Symbol.dispose]: () => shared.close() });
}
