import { PassThrough, type Readable } from 'node:stream';
import { expect, test } from '@jest/globals';
import type Dockerode from 'dockerode';
import { removeContainer } from './remove.ts';

/** In seconds since the epoch, like the times of the engine's events. */
const DESTROYED_AT = 1_800_000_000;

/**
 * Returns an engine on which another process's removal ends after the engine has answered a request for events, but
 * before it subscribes to them. It sends the remembered events since the requested time, and none if no time was
 * requested (moby, getEvents in system_routes.go; SubscribeToEvents).
 */
function engineThatSubscribesLate(): { docker: Dockerode; container: Dockerode.Container; events: Readable } {
	const events = new PassThrough();
	let since: number | undefined;
	const docker = {
		async getEvents(options: { since?: number }) {
			since = options.since;
			return events;
		},
	};
	const container = {
		id: 'c0ffee',
		async remove() {
			throw Object.assign(new Error('removal of container c0ffee is already in progress'), { statusCode: 409 });
		},
		async inspect() {
			// The container still exists now. Then it is removed, and then the engine subscribes.
			setImmediate(() => {
				if (since !== undefined && since <= DESTROYED_AT) events.write('{"Action":"destroy"}\n');
			});
			return {};
		},
	};
	return { docker: docker as unknown as Dockerode, container: container as unknown as Dockerode.Container, events };
}

test('notices a removal that ends before the engine subscribes to events', async () => {
	const { docker, container, events } = engineThatSubscribesLate();
	expect(await removeContainer(docker, container)).toBe(false);
	expect(events.destroyed).toBe(true);
});
