import { afterEach, describe, expect, jest, test } from '@jest/globals';
import { heard, type Site, startSpace } from './spaces.ts';

const site: Site = { run: { id: 'unit', owner: 'nobody:0' }, binaries: { bin: '/nowhere', opt: '/nowhere' }, asRoot: true };

afterEach(() => {
	jest.restoreAllMocks();
});

test('a space that cannot be started is ended without a signal: there is no process, and -1 would be everybody', async () => {
	const kill = jest.spyOn(process, 'kill').mockReturnValue(true);
	const space = startSpace(site, ['halfopen-no-such-program'], '');
	await space.end();
	expect(await space.refusal).toMatchObject({ code: 'ENGINE_REFUSED', seen: expect.stringContaining('ENOENT') });
	await space.end();
	expect(kill).not.toHaveBeenCalled();
});

describe('a script that ends before it has said all', () => {
	// No namespace is needed for that: `env` runs the script as it is.
	test.each([
		['by itself', 'exit 3'],
		['by a signal', 'kill -KILL $$'],
	])('%s is heard to have ended, by whoever listens then and by whoever listens later', async (_how, end) => {
		const space = startSpace(site, ['env'], `echo one >&3\nread -r _ <&3\necho why >&2\n${end}`);
		await heard(space);
		space.control.write('go on\n');
		await expect(heard(space)).rejects.toMatchObject({ code: 'ENGINE_REFUSED' });
		await expect(heard(space)).rejects.toMatchObject({ code: 'ENGINE_REFUSED' });
		await space.end();
	});
});
