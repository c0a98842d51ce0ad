import { closeSync, ftruncateSync, openSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { execa } from 'execa';
import { GATE_SOURCES } from './gate.ts';
import { MEETING_BYTES, Meeting, MOST_TO_GUEST } from './meeting.ts';

/** The guest's side, by its own header: says what it was given, and leaves what it is told. */
const GUEST = `
#include "meeting.h"
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

int main(int count, char **words) {
	if (count != 4) return 1;
	uint8_t *memory = mmap(NULL, MEETING_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, open(words[1], O_RDWR), 0);
	struct meeting *meeting = (struct meeting *)memory;
	printf("%" PRIu64 " %" PRIu64 " %u %u %u [%.*s] %d %d\\n", meeting->deadline, meeting->seed, meeting->renew, meeting->given, meeting->from_guest,
		(int)meeting->to_guest, (char *)memory + MEETING_TO_GUEST, MEETING_SIZE, MEETING_TO_GUEST_SIZE);
	meeting->now = strtoull(words[2], NULL, 10);
	meeting->from_guest = strlen(words[3]);
	memcpy(memory + MEETING_FROM_GUEST, words[3], meeting->from_guest);
	return 0;
}
`;

let folder = '';
let file = '';

beforeAll(async () => {
	folder = await mkdtemp(join(tmpdir(), 'halfopen-meeting-'));
	await execa('cc', ['-Wall', '-Werror', `-I${GATE_SOURCES}`, '-o', join(folder, 'guest'), '-x', 'c', '-'], { input: GUEST });
});

afterAll(() => rm(folder, { recursive: true }));

beforeEach(() => {
	file = join(folder, 'memory');
	const opened = openSync(file, 'w');
	ftruncateSync(opened, MEETING_BYTES);
	closeSync(opened);
});

/** Lets the guest have its turn; returns what it was given. */
async function guest(now: bigint, says: string): Promise<string> {
	return (await execa(join(folder, 'guest'), [file, String(now), says])).stdout;
}

test('what the harness gives is what the guest’s header says, and the other way round', async () => {
	using meeting = opened();
	const deadline = 1_767_225_600_123_456_789n;
	meeting.give({ deadline, bytes: Buffer.from('kodos?'), seed: 2n ** 63n + 7n, renew: true });
	expect(await guest(deadline - 1n, 'kang!')).toBe(`${deadline} ${2n ** 63n + 7n} 1 1 0 [kodos?] ${MEETING_BYTES} ${MOST_TO_GUEST}`);
	expect(meeting.take()).toEqual({ now: deadline - 1n, bytes: Buffer.from('kang!') });
});

test('a turn leaves nothing of the one before', async () => {
	using meeting = opened();
	meeting.give({ deadline: 5n, bytes: Buffer.from('a long request'), seed: 1n, renew: true });
	await guest(3n, 'a long answer');
	meeting.give({ deadline: 6n, bytes: Buffer.alloc(0), seed: 0n, renew: false });
	expect(await guest(4n, '')).toBe(`6 0 0 1 0 [] ${MEETING_BYTES} ${MOST_TO_GUEST}`);
	expect(meeting.take()).toEqual({ now: 4n, bytes: Buffer.alloc(0) });
});

function opened(): Meeting & Disposable {
	const meeting = new Meeting(file);
	return Object.assign(meeting, { [Symbol.dispose]: () => meeting.close() });
}
