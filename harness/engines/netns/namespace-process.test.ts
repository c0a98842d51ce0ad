import { afterEach, describe, expect, jest, test } from '@jest/globals';
import { startInNamespaces } from '../shared-namespaces/namespace-process.ts';
import { localPlatform } from './local-platform.ts';

const ground = {
	...localPlatform({ id: 'unit', owner: 'nobody:0' }, { bin: '/nowhere', opt: '/nowhere' }),
	asRoot: true,
};

afterEach(() => {
	jest.restoreAllMocks();
});

test('a space that cannot be started is ended without a signal: there is no process, and -1 would be everybody', async () => {
	const kill = jest.spyOn(process, 'kill').mockReturnValue(true);
	const space = await startInNamespaces(ground, ['halfopen-no-such-program'], '');
	await space.end();
	await expect(space.reported('up')).rejects.toMatchObject({
		code: 'ENGINE_REFUSED',
		seen: expect.stringContaining('ENOENT'),
	});
	await space.end();
	expect(kill).not.toHaveBeenCalled();
});

describe('a script that ends before it has said all', () => {
	// No namespace is needed for that: `env` runs the script as it is.
	test.each([
		['by itself', 'exit 3'],
		['by a signal', 'kill -KILL $$'],
	])('%s is heard to have ended, by whoever listens then and by whoever listens later', async (_how, end) => {
		const space = await startInNamespaces(ground, ['env'], `echo one >&2\nread -r _\necho why >&2\n${end}`);
		await space.reported('one');
		space.channel.write('go on\n');
		await expect(space.reported('two')).rejects.toMatchObject({
			code: 'ENGINE_REFUSED',
			seen: expect.stringContaining('why'),
		});
		await expect(space.reported('two')).rejects.toMatchObject({ code: 'ENGINE_REFUSED' });
		await space.end();
	});
});
