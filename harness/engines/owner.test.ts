import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { deadOwner, ofEarlierStart, ofOtherBoot, ofOtherMachine, ofOtherPids } from './fixtures/owners.ts';
import { isDead, isElsewhere, isOfEarlierBoot, OWNER, ownerOf, thisProcess } from './owner.ts';

/** Resolves when the `stat` line of a process matches. */
async function until(pid: number | undefined, stat: RegExp): Promise<void> {
	while (!stat.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))) await new Promise(setImmediate);
}

test('this process and the owners of the fixtures are valid', () => {
	for (const owner of [thisProcess(), deadOwner(), ofEarlierStart(), ofOtherBoot(), ofOtherMachine(), ofOtherPids()])
		expect(owner).toMatch(OWNER);
});

test('this process is alive; an earlier process with its pid and a missing process are dead', () => {
	expect([thisProcess(), ofEarlierStart(), deadOwner()].map(isDead)).toEqual([false, true, true]);
});

test('a child is dead when it ends, even while it is a zombie', async () => {
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
	['another machine with the same name', ofOtherMachine],
	['another boot, or a copy of the machine', ofOtherBoot],
	['another PID namespace', ofOtherPids],
])('an owner of %s is never dead, because this process cannot see it', (_what, owner) => {
	// No process of this machine has this pid.
	const gone = owner().split(':').with(3, '2000000001').join(':');
	expect([owner(), gone].map(isDead)).toEqual([false, false]);
	expect([owner(), gone].map(isElsewhere)).toEqual([true, true]);
});

test('an earlier boot is a boot of this machine', () => {
	expect([ofOtherBoot(), ofOtherMachine(), thisProcess()].map(isOfEarlierBoot)).toEqual([true, false, false]);
	expect(isElsewhere(thisProcess())).toBe(false);
});
