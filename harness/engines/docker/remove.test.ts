import { PassThrough, type Readable } from 'node:stream';
import { expect, test } from '@jest/globals';
import type Dockerode from 'dockerode';
import { removeContainer } from './remove.ts';

/** In seconds, as the engine tells it of its events. */
const DESTROYED_AT = 1_800_000_000;

/**
 * An engine on which somebody else's removal ends between its answer to who asks for events and its listening for them:
 * what it tells of that is what it remembers since the time that was asked for, and without one nothing (moby,
 * getEvents in system_routes.go; SubscribeToEvents).
 */
function engineThatListensLate(): { docker: Dockerode; container: Dockerode.Container; events: Readable } {
	const events = new PassThrough();
	let since: number | undefined;
	const docker = {
		async getEvents(asked: { since?: number }) {
			since = asked.since;
			return events;
		},
	};
	const container = {
		id: 'c0ffee',
		async remove() {
			throw Object.assign(new Error('removal of container c0ffee is already in progress'), { statusCode: 409 });
		},
		async inspect() {
			// Seen while it is still there; then it goes, and the engine begins to listen.
			setImmediate(() => {
				if (since !== undefined && since <= DESTROYED_AT) events.write('{"Action":"destroy"}\n');
			});
			return {};
		},
	};
	return { docker: docker as unknown as Dockerode, container: container as unknown as Dockerode.Container, events };
}

test('a removal that ends before the engine listens is not missed', async () => {
	const { docker, container, events } = engineThatListensLate();
	expect(await removeContainer(docker, container)).toBe(false);
	expect(events.destroyed).toBe(true);
});
