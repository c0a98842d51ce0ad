import { spawn } from 'node:child_process';
import { expect, test } from '@jest/globals';
import { processState, until } from '../../agent/fixture.ts';
import { allStopped } from './stopped.ts';

test('passes when all below have stopped, children of children too, and not before', async () => {
	const family = spawn('sh', ['-c', "sh -c 'echo $$; sleep 60 & echo $!; wait' & wait"], { detached: true, stdio: ['ignore', 'pipe', 'ignore'] });
	const pid = family.pid ?? Number.NaN;
	try {
		let said = '';
		family.stdout.on('data', (bytes) => {
			said += bytes;
		});
		await until(() => /\d+\n\d+\n/.test(said));
		const [child = 0, grandchild = 0] = said.split('\n').map(Number);
		let passed = false;
		const stopped = allStopped(pid).then(() => {
			passed = true;
		});
		process.kill(child, 'SIGSTOP');
		await until(async () => (await processState(child)) === 'T');
		expect(passed).toBe(false);
		process.kill(grandchild, 'SIGSTOP');
		await stopped;
		expect(await processState(grandchild)).toBe('T');
	} finally {
		process.kill(-pid, 'SIGKILL');
	}
});
