/** A run without an engine, and one whose engine ends: their errors. In the end nothing is left behind. */
import { appendFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, jest } from '@jest/globals';
import { type Clone, cloneProject } from '../../run/fixtures/clone.ts';
import { untilNothingIsLeft } from '../../run/fixtures/leftovers.ts';
import { NestedRun } from '../../run/fixtures/nested-run.ts';
import { testOn } from '../../run/fixtures/on-engine.ts';
import { peersRun } from '../../run/fixtures/peers-run.ts';
import { engineSocket } from './fixtures/engine-socket.ts';
import { proxyTo } from './fixtures/proxy.ts';

jest.setTimeout(120_000);
const CLEAN_WITHIN_MS = 10_000;
const testOnDocker = testOn('docker', 'about the errors of Docker’s engine');

let clone: Clone;

beforeAll(async () => {
	clone = await cloneProject({ waiting: 'waiting.ts', 'no-lab': 'no-lab.ts' });
});

afterAll(async () => {
	await clone[Symbol.asyncDispose]();
});

testOnDocker('DOCKER_HOST is wrong: ENGINE_UNREACHABLE without a stack, and no other engine is used', async () => {
	const run = new NestedRun(clone, ['no-lab'], {
		HALFOPEN_ENGINE: undefined,
		DOCKER_HOST: 'unix:///nowhere/docker.sock',
	});
	expect(await run.ended).toBe(1);
	expect(run.output).toContain(
		'DOCKER_HOST is unix:///nowhere/docker.sock, but no Docker engine answers there. [ENGINE_UNREACHABLE]',
	);
	expect(run.output).toContain('to do: Correct DOCKER_HOST');
	expect(run.output).not.toMatch(/^\s+at /m);
	expect((await untilNothingIsLeft(run, CLEAN_WITHIN_MS)).left).toEqual([]);
});

testOnDocker('the image of the current sources is missing: IMAGE_MISSING without a stack', async () => {
	await using changed = await cloneProject({ 'no-lab': 'no-lab.ts' });
	await appendFile(join(changed.root, 'images/host/Dockerfile'), '\n# changed since\n');
	const run = new NestedRun(changed);
	expect(await run.ended).toBe(1);
	expect(run.output).toMatch(/The host image halfopen-host:\w+ is missing.* \[IMAGE_MISSING\]/);
	expect(run.output).toContain('npm run setup');
	expect(run.output).not.toMatch(/^\s+at /m);
	expect((await untilNothingIsLeft(run, CLEAN_WITHIN_MS)).left).toEqual([]);
});

testOnDocker('the engine ends during a run: ENGINE_GONE at once, and the next run removes what was left', async () => {
	await using proxy = await proxyTo(engineSocket(), join(clone.root, 'engine.sock'));
	const run = new NestedRun(clone, ['waiting'], { DOCKER_HOST: proxy.host });
	await peersRun(run);
	const cutAt = Date.now();
	await proxy.cut();
	expect(await run.ended).toBe(1);
	// The scenario would have waited for a day (run/fixtures/waiting.ts).
	expect(Date.now() - cutAt).toBeLessThan(30_000);
	expect(run.output).toMatch(/The Docker engine ended while .* \[ENGINE_GONE\]/);
	expect(run.output).toContain('start it again with `npm run setup`');
	expect(run.output).not.toContain('triggerUncaughtException');

	const next = new NestedRun(clone, ['no-lab']);
	expect([await next.ended, next.output]).toEqual([0, expect.any(String)]);
	expect((await untilNothingIsLeft(run, CLEAN_WITHIN_MS)).left).toEqual([]);
});
