/** The choice of an engine that does not exist. */
import { expect, jest, test } from '@jest/globals';
import { cloneProject } from './fixtures/clone.ts';
import { leftoversOf } from './fixtures/leftovers.ts';
import { NestedRun } from './fixtures/nested-run.ts';

jest.setTimeout(120_000);

test('an unknown engine: ENGINE_UNKNOWN with the nearest name, without a stack', async () => {
	await using clone = await cloneProject({ 'no-lab': 'no-lab.ts' });
	const run = new NestedRun(clone, [], { HALFOPEN_ENGINE: 'dokcer' });
	expect(await run.ended).toBe(1);
	expect(run.output).toContain('There is no engine called “dokcer”. [ENGINE_UNKNOWN]');
	expect(run.output).toContain('seen: nearest: docker');
	expect(run.output).toContain('to do: Set HALFOPEN_ENGINE to docker or netns or vm, or unset it.');
	expect(run.output).not.toMatch(/^\s+at /m);
	expect(await leftoversOf(run)).toEqual([]);
});
