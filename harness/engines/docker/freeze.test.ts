import { expect, test } from '@jest/globals';
import { freezeContainer, MAX_ATTEMPTS } from './freeze.ts';

const unable = new Error(
	'(HTTP code 500) server error - Cannot pause container 99674d02: OCI runtime pause failed: unable to freeze: ' +
		'unknown',
);

/** Returns a container whose engine rejects with these errors in turn, and then freezes it. */
function container(...refusals: readonly Error[]) {
	const left = [...refusals];
	return {
		calls: 0,
		async pause() {
			this.calls++;
			const refusal = left.shift();
			if (refusal) throw refusal;
		},
	};
}

test('repeats the request until the container is frozen', async () => {
	const busy = container(unable, unable);
	await freezeContainer(busy);
	expect(busy.calls).toBe(3);
});

test('rejects with the last error of the engine if the container is never frozen', async () => {
	const stuck = container(...Array<Error>(MAX_ATTEMPTS + 1).fill(unable));
	await expect(freezeContainer(stuck)).rejects.toBe(unable);
	expect(stuck.calls).toBe(MAX_ATTEMPTS);
});

test('does not repeat the request after any other error', async () => {
	const refusal = new Error('(HTTP code 409) container is already paused');
	const paused = container(refusal);
	await expect(freezeContainer(paused)).rejects.toBe(refusal);
	expect(paused.calls).toBe(1);
});
