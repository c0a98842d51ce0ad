/** A run on namespaces without compiled programs, and a run that uses namespaces because there is no Docker engine. */
import { appendFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, jest } from '@jest/globals';
import { cloneProject } from '../../run/fixtures/clone.ts';
import { untilNothingIsLeft } from '../../run/fixtures/leftovers.ts';
import { NestedRun } from '../../run/fixtures/nested-run.ts';
import { testOn } from '../../run/fixtures/on-engine.ts';

jest.setTimeout(120_000);
const CLEAN_WITHIN_MS = 10_000;
const testOnNetns = testOn('netns', 'about the programs that setup compiles for namespaces');

testOnNetns('the programs of the current sources are missing: IMAGE_MISSING without a stack', async () => {
	await using changed = await cloneProject({ 'no-lab': 'no-lab.ts' });
	await appendFile(join(changed.root, 'images/dnc/dnc.c'), '\n/* changed since */\n');
	const run = new NestedRun(changed);
	expect(await run.ended).toBe(1);
	expect(run.output).toMatch(/The programs that run inside hosts are missing.* \[IMAGE_MISSING\]/);
	expect(run.output).toContain('HALFOPEN_ENGINE=netns npm run setup');
	expect(run.output).not.toMatch(/^\s+at /m);
	expect((await untilNothingIsLeft(run, CLEAN_WITHIN_MS)).left).toEqual([]);
});

/**
 * Runs a command in a new mount namespace that hides the sockets of Docker engines. Nothing changes on the machine.
 */
const WITHOUT_DOCKER = [
	'unshare',
	...(process.getuid?.() === 0 ? [] : ['--user', '--map-root-user']),
	'--mount',
	'sh',
	'-c',
	`for socket in /var/run/docker.sock /run/user/*/docker.sock; do
		[ ! -S "$socket" ] || mount --bind /dev/null "$socket" || exit
	done
	exec "$0" "$@"`,
];

testOnNetns(
	'no engine is chosen, and there is no Docker engine: uses namespaces, and prints one line about it',
	async () => {
		await using clone = await cloneProject({ 'one-lab': 'one-lab.ts' });
		const hidden = { ...clone, test: [...WITHOUT_DOCKER, process.execPath, ...clone.test.slice(1)] };
		// Without the user's Docker contexts and rootless engine.
		const elsewhere = {
			HOME: clone.root,
			XDG_RUNTIME_DIR: undefined,
			DOCKER_HOST: undefined,
			DOCKER_CONFIG: undefined,
			DOCKER_CONTEXT: undefined,
		};
		const run = new NestedRun(hidden, [], { HALFOPEN_ENGINE: undefined, ...elsewhere });
		expect([await run.ended, run.output]).toEqual([0, expect.any(String)]);
		const lines = run.output.split('\n').filter((line) => line.startsWith('halfopen:'));
		expect(lines).toEqual([
			'halfopen: no Docker engine can be reached, so hosts are network namespaces (HALFOPEN_ENGINE=netns)',
		]);
		expect((await untilNothingIsLeft(run, CLEAN_WITHIN_MS)).left).toEqual([]);
	},
);
