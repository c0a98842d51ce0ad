import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { deadOwner, ofEarlierStart, ofOtherBoot, ofOtherMachine, ofOtherPids } from './fixtures/owners.ts';
import { isDead, isElsewhere, isOfEarlierBoot, OWNER, ownerOf, thisProcess } from './owner.ts';

/** Passes when a process is as its line in /proc says. */
async function until(pid: number | undefined, stat: RegExp): Promise<void> {
	while (!stat.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))) await new Promise(setImmediate);
}

test('a process is an owner, and so are those that tests make of it', () => {
	for (const owner of [thisProcess(), deadOwner(), ofEarlierStart(), ofOtherBoot(), ofOtherMachine(), ofOtherPids()])
		expect(owner).toMatch(OWNER);
});

test('this process lives; who had its pid before does not, nor one that there is not', () => {
	expect([thisProcess(), ofEarlierStart(), deadOwner()].map(isDead)).toEqual([false, true, true]);
});

test('a child is alive until it ends, and dead although its parent has not asked for its status', async () => {
	const sleeper = spawn('sleep', ['60']);
	await once(sleeper, 'spawn');
	const owner = ownerOf(sleeper.pid ?? 0);
	expect(isDead(owner)).toBe(false);
	sleeper.kill('SIGKILL');
	await once(sleeper, 'exit');
	expect(isDead(owner)).toBe(true);

	// The shell's child is killed and stays a zombie: the shell has become a program that never waits.
	const parent = spawn('sh', ['-c', 'sleep 60 & echo $!; exec sleep 60']);
	try {
		const pid = Number(String((await once(parent.stdout, 'data'))[0]));
		const zombie = ownerOf(pid);
		await until(parent.pid, /\(sleep\)/);
		process.kill(pid, 'SIGKILL');
		await until(pid, /\) Z /);
		expect(isDead(zombie)).toBe(true);
	} finally {
		parent.kill('SIGKILL');
	}
});

test.each([
	['of another machine, whatever its name', ofOtherMachine],
	['of another boot, or of a copy of the machine', ofOtherBoot],
	['of a container with pids of its own', ofOtherPids],
])('one %s is never told dead: nobody here can know', (_what, owner) => {
	// With a pid that nobody has here.
	const gone = owner().split(':').with(3, '2000000001').join(':');
	expect([owner(), gone].map(isDead)).toEqual([false, false]);
	expect([owner(), gone].map(isElsewhere)).toEqual([true, true]);
});

test('an earlier boot is one of this machine', () => {
	expect([ofOtherBoot(), ofOtherMachine(), thisProcess()].map(isOfEarlierBoot)).toEqual([true, false, false]);
	expect(isElsewhere(thisProcess())).toBe(false);
});
