import { expect, test } from '@jest/globals';
import { fakeContext } from '../fixtures.ts';
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

/** A host at whose sockets a look takes so long. */
function hostWithLooksOf(tookMs: number): Host {
	const context = fakeContext();
	const { clock } = context;
	const boot = {
		sockets: { t: 0, rows: [] as SsRow[] },
		look: async () => {
			boot.sockets = { t: clock.now(), rows: [ROW] };
			clock.pass(tookMs);
		},
		keepLook: () => {},
		watch: () => () => {},
	};
	return { name: 'client', context, boot } as unknown as Host;
}

test('a socket that was seen was so between the look’s beginning and its end, however long it took', async () => {
	const seen = await new HostExpectation(hostWithLooksOf(3_000)).toHaveSocket({ state: 'ESTAB' });
	expect(seen).toEqual({ ...ROW, t: 0, seenBy: 3 });
});
