import { expect, test } from '@jest/globals';
import { fakeContext } from '../fixtures.ts';
import { inject } from './fault.ts';

test('a fault whose injection failed is healed at the end, and not recorded as healed', async () => {
	const undo: (() => Promise<void>)[] = [];
	const context = { ...fakeContext(), onEnd: (one: () => Promise<void>) => void undo.push(one) };
	const cleaned: string[] = [];
	const fault = (id: string, work: () => Promise<object>) =>
		inject(
			context,
			{ id, what: 'sysctl', host: 'client', text: id },
			{
				inject: work,
				heal: async () => {
					cleaned.push(id);
					return {};
				},
			},
		);
	await expect(fault('refused', () => Promise.reject(new Error('refused')))).rejects.toThrow('refused');
	await fault('set', async () => ({}));
	for (const one of undo) await one();
	expect(cleaned).toEqual(['refused', 'set']);
	expect(context.history.of('fault').map(({ id, phase }) => `${id} ${phase}`)).toEqual(['set injected', 'set healed']);
});
