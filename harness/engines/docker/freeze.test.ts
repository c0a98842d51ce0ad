import { expect, test } from '@jest/globals';
import { freezeContainer, MAX_ATTEMPTS } from './freeze.ts';

const unable = new Error(
	'(HTTP code 500) server error - Cannot pause container 99674d02: OCI runtime pause failed: unable to freeze: ' +
		'unknown',
);

/** A container whose engine refuses with these, one after the other, and then freezes it. */
function container(...refusals: readonly Error[]) {
	const left = [...refusals];
	return {
		asked: 0,
		async pause() {
			this.asked++;
			const refusal = left.shift();
			if (refusal) throw refusal;
		},
	};
}

test('a container that did not freeze in time is asked again, until it has', async () => {
	const busy = container(unable, unable);
	await freezeContainer(busy);
	expect(busy.asked).toBe(3);
});

test('one that never freezes: what the engine said last', async () => {
	const stuck = container(...Array<Error>(MAX_ATTEMPTS + 1).fill(unable));
	await expect(freezeContainer(stuck)).rejects.toBe(unable);
	expect(stuck.asked).toBe(MAX_ATTEMPTS);
});

test('any other refusal is final', async () => {
	const refusal = new Error('(HTTP code 409) container is already paused');
	const paused = container(refusal);
	await expect(freezeContainer(paused)).rejects.toBe(refusal);
	expect(paused.asked).toBe(1);
});
