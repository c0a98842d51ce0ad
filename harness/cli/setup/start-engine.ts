import { readFile, stat } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { HalfopenError } from '../../errors.ts';
import { exists } from '../../util/exists.ts';
import { runAsRoot } from './commands.ts';
import { isRunning, removeStalePidFiles } from './engine-processes.ts';
import { step } from './steps.ts';

const engineLog = '/var/log/halfopen-dockerd.log';
const secondsToStart = 60;
const secondsToAppear = 3;
const linesShownOfAFailure = 5;

type IsAnswering = () => Promise<boolean>;

/** Starts the installed engine with this machine's service manager or, if there is none, as a daemon. */
export async function startEngine(dockerd: string, isAnswering: IsAnswering): Promise<void> {
	await removeStalePidFiles();
	if (await exists('/run/systemd/system')) return startWithSystemd(isAnswering);
	if (await isRunning('dockerd')) return awaitRunningEngine(isAnswering);
	if ((await exists('/etc/init.d/docker')) && (await startWithService(isAnswering))) return;
	await startDaemon(dockerd, isAnswering);
}

async function startWithSystemd(isAnswering: IsAnswering): Promise<void> {
	await step('Starting the Docker engine with systemctl', async (progress) => {
		await runAsRoot(['systemctl', 'start', 'docker'], progress.busy.bind(progress));
		if (!(await waitForAnswer(isAnswering, secondsToStart)))
			throw notAnswering('Read `systemctl status docker` and `journalctl -u docker`.');
	});
}

async function awaitRunningEngine(isAnswering: IsAnswering): Promise<void> {
	await step('A dockerd is running: waiting for it to answer', async () => {
		if (!(await waitForAnswer(isAnswering, secondsToStart)))
			throw notAnswering('End that dockerd (`pidof dockerd`), and run `npm run setup` again.');
	});
}

/** Returns false if the service cannot be started, for example because its script sets limits that are refused. */
async function startWithService(isAnswering: IsAnswering): Promise<boolean> {
	return step('Starting the Docker engine with `service docker start`', async (progress) => {
		try {
			await runAsRoot(['service', 'docker', 'start'], progress.busy.bind(progress));
		} catch {
			progress.line('the service cannot be started on this machine');
			return false;
		}
		if (await waitForAnswer(isAnswering, secondsToStart)) return true;
		if (await isRunning('dockerd')) throw notAnswering('Read /var/log/docker.log.');
		progress.line('the service ended again');
		await removeStalePidFiles();
		return false;
	});
}

async function startDaemon(dockerd: string, isAnswering: IsAnswering): Promise<void> {
	await step(`Starting ${dockerd} as a daemon, with its log in ${engineLog}`, async () => {
		await mountCgroups();
		const logged = await stat(engineLog).then(
			({ size }) => size,
			() => 0,
		);
		await runAsRoot(['sh', '-c', 'setsid "$1" >>"$2" 2>&1 </dev/null &', 'sh', dockerd, engineLog]);
		if (!(await waitForAnswer(isAnswering, secondsToStart)))
			throw notAnswering(`Read ${engineLog}.`, await lastLinesAfter(logged, engineLog));
	});
}

/** Mounts cgroups if a machine without an init system has not. No container starts without them. */
async function mountCgroups(): Promise<void> {
	const mounts = await readFile('/proc/mounts', 'utf8');
	if (!/ cgroup2? /.test(mounts)) await runAsRoot(['mount', '-t', 'cgroup2', 'cgroup2', '/sys/fs/cgroup']);
}

/** Resolves with true when the engine answers. Resolves with false if it does not in time, or if dockerd has ended. */
async function waitForAnswer(isAnswering: IsAnswering, seconds: number): Promise<boolean> {
	const began = performance.now();
	const elapsed = () => (performance.now() - began) / 1000;
	while (elapsed() < seconds) {
		if (await isAnswering()) return true;
		if (elapsed() > secondsToAppear && !(await isRunning('dockerd'))) return false;
		await sleep(250);
	}
	return false;
}

function notAnswering(remedy: string, seen?: string): HalfopenError {
	return new HalfopenError('ENGINE_UNREACHABLE', {
		problem: 'The Docker engine was started, but it does not answer.',
		seen,
		remedy,
	});
}

async function lastLinesAfter(offset: number, path: string): Promise<string> {
	const log = await readFile(path).catch(() => Buffer.alloc(0));
	return log.subarray(offset).toString().trimEnd().split('\n').slice(-linesShownOfAFailure).join('\n');
}
