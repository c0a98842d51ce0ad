import { afterEach, expect, jest, test } from '@jest/globals';
import { type Site, startSpace } from './spaces.ts';

const site: Site = { run: { id: 'unit', owner: 'nobody:0' }, binaries: { bin: '/nowhere', opt: '/nowhere' }, asRoot: true };

afterEach(() => {
	jest.restoreAllMocks();
});

test('a space that cannot be started is ended without a signal: there is no process, and -1 would be everybody', async () => {
	const kill = jest.spyOn(process, 'kill').mockReturnValue(true);
	const space = startSpace(site, ['halfopen-no-such-program'], '');
	const refusal = new Promise((resolve) => {
		space.control.on('error', resolve);
	});
	await space.end();
	expect(await refusal).toMatchObject({ code: 'ENGINE_REFUSED' });
	await space.end();
	expect(kill).not.toHaveBeenCalled();
});
