import { describe, expect, test } from '@jest/globals';
import { failureOf, fakeContext, settle } from '../fixtures.ts';
import type { SsRow } from '../formats/types.ts';
import type { Host } from '../lab/host.ts';
import { HostExpectation } from './host-matchers.ts';

const ROW: SsRow = {
	state: 'ESTAB',
	receiveQueue: 0,
	sendQueue: 0,
	local: { address: '10.0.0.1', port: 40_000 },
	remote: { address: '10.0.0.2', port: 8080 },
	details: '',
};

/** A host on which sampling the sockets takes this long. */
function hostSampledIn(tookMs: number): Host {
	const context = fakeContext();
	const { clock } = context;
	const sockets = {
		latest: { t: 0, rows: [] as SsRow[] },
		sample: async () => {
			sockets.latest = { t: clock.now(), rows: [ROW] };
			clock.pass(tookMs);
		},
		keepLatest: () => {},
		watch: () => () => {},
	};
	return { name: 'client', context, boot: { sockets } } as unknown as Host;
}

test('a socket has the start and the end of its sample, even if the sample took long', async () => {
	const seen = await new HostExpectation(hostSampledIn(3_000)).toHaveSocket({ state: 'ESTAB' });
	expect(seen).toEqual({ ...ROW, t: 0, seenBy: 3 });
});

describe('a state that no socket can reach, because ss shows none', () => {
	/** A host whose last sample began at 1 s and showed nothing. */
	function hostBeside(call: { readonly t: number; readonly took?: number }) {
		const context = fakeContext();
		context.history.add({
			kind: 'call',
			host: 'client',
			peer: 'client-1',
			pid: 7,
			name: 'connect',
			args: '3, :8080',
			source: 'socket',
			...call,
		});
		context.clock.pass(1_000);
		const sockets = {
			latest: { t: context.clock.now(), rows: [] as SsRow[] },
			sample: async () => {},
			keepLatest: () => {},
			watch: () => () => {},
		};
		const boot = { running: true, sockets };
		const host = { name: 'client', context, boot, hasProgram: false } as unknown as Host;
		return { context, failure: failureOf(new HostExpectation(host).toHaveSocket({ state: 'SYN-SENT' })) };
	}

	test('is CANNOT_HAPPEN after a connect that had returned when the sample began', async () => {
		const { failure } = hostBeside({ t: 0.5, took: 0.4 });
		expect(await failure).toMatchObject({ code: 'CANNOT_HAPPEN' });
	});

	test.each([
		['has not returned', { t: 0.5 }],
		['returned after the sample had begun', { t: 0.5, took: 0.6 }],
	])('can still be reached if a connect %s: the kernel may have created the socket since', async (_, call) => {
		const { context, failure } = hostBeside(call);
		await settle();
		context.clock.pass(15_000);
		expect(await failure).toMatchObject({ code: 'LIMIT_PASSED' });
	});
});
