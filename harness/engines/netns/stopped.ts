import { readdir, readFile } from 'node:fs/promises';
import { setTimeout as wait } from 'node:timers/promises';
import { HalfopenError } from '../../errors.ts';

/** How often it is looked whether all have stopped. */
const LOOK_MS = 2;
const LIMIT_MS = 10_000;
/**
 * Stopped, stopped under a tracer, dead; and in an uninterruptible wait (that of vfork for a child that is stopped lasts), from which the way
 * back to the program leads into the stop.
 */
const STOPPED = /^[TtZXD]$/;

/**
 * Passes when all processes below this one have stopped, every thread of them: SIGSTOP is sent in no time, but a call that is under way
 * when it comes may still return what arrives meanwhile.
 */
export async function allStopped(pid: number): Promise<void> {
	const limit = Date.now() + LIMIT_MS;
	for (;;) {
		const threads = (await Promise.all((await below(pid)).map(statesOf))).flat();
		const running = threads.filter(({ state }) => !STOPPED.test(state));
		if (running.length === 0) return;
		if (Date.now() > limit) {
			throw new HalfopenError('ENGINE_REFUSED', {
				problem: `Programs still run ${LIMIT_MS / 1_000} s after they were given SIGSTOP.`,
				seen: running.map(({ thread, state }) => `thread ${thread}: ${state}`).join('\n'),
				remedy: 'Look who continues them: something on this machine sends SIGCONT.',
			});
		}
		await wait(LOOK_MS);
	}
}

/** All descendants. */
async function below(pid: number): Promise<number[]> {
	const threads = await readdir(`/proc/${pid}/task`).catch(() => []);
	const lists = await Promise.all(threads.map((thread) => readFile(`/proc/${pid}/task/${thread}/children`, 'utf8').catch(() => '')));
	const children = lists.flatMap((list) => list.split(' ').filter(Boolean).map(Number));
	return [...children, ...(await Promise.all(children.map(below))).flat()];
}

/** The state letter of each thread of a process; none of one that has ended. */
async function statesOf(pid: number): Promise<{ thread: string; state: string }[]> {
	const threads = await readdir(`/proc/${pid}/task`).catch(() => []);
	const found = await Promise.all(
		threads.map(async (thread) => {
			const stat = await readFile(`/proc/${pid}/task/${thread}/stat`, 'utf8').catch(() => '');
			return stat === '' ? [] : [{ thread, state: stat.slice(stat.lastIndexOf(')') + 2)[0] ?? '' }];
		}),
	);
	return found.flat();
}
