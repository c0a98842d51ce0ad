import { afterEach, describe, expect, jest, test } from '@jest/globals';
import { startInNamespaces } from '../shared-namespaces/namespace-process.ts';
import { localPlatform } from './local-platform.ts';

const platform = {
	...localPlatform({ id: 'unit', owner: 'nobody:0' }, { bin: '/nowhere', opt: '/nowhere' }),
	asRoot: true,
};

afterEach(() => {
	jest.restoreAllMocks();
});

test('sends no signal if the program could not be started: its pid is -1, which means all processes', async () => {
	const kill = jest.spyOn(process, 'kill').mockReturnValue(true);
	const started = await startInNamespaces(platform, ['halfopen-no-such-program'], '');
	await started.end();
	await expect(started.reported('up')).rejects.toMatchObject({
		code: 'ENGINE_REFUSED',
		seen: expect.stringContaining('ENOENT'),
	});
	await started.end();
	expect(kill).not.toHaveBeenCalled();
});

describe('a script that ends before it has reported everything', () => {
	// This needs no namespace: `env` just runs the script.
	test.each([
		['with a status', 'exit 3'],
		['by a signal', 'kill -KILL $$'],
	])('%s: reported rejects, for callers before and after the end', async (_how, end) => {
		const started = await startInNamespaces(platform, ['env'], `echo one >&2\nread -r _\necho why >&2\n${end}`);
		await started.reported('one');
		started.channel.write('go on\n');
		await expect(started.reported('two')).rejects.toMatchObject({
			code: 'ENGINE_REFUSED',
			seen: expect.stringContaining('why'),
		});
		await expect(started.reported('two')).rejects.toMatchObject({ code: 'ENGINE_REFUSED' });
		await started.end();
	});
});
