/**
 * The first thing that a stranger runs, on machines that lack what it is to bring: each with a root of its own, and
 * with a package manager and an engine that answer as the test says.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, jest } from '@jest/globals';
import { hostImage } from '../engines/docker/image.ts';
import { testOn } from '../run/fixtures/on-engine.ts';
import {
	BareMachine,
	type EngineAnswers,
	type MachineOptions,
	type SetupOptions,
	type SetupResult,
} from './fixtures/bare-machine.ts';

/** Setup loads in two seconds; a busy machine takes longer. */
jest.setTimeout(120_000);
const testOnNetns = testOn('netns', 'about this machine, which no engine changes: once is enough');

let temporary: string;

beforeAll(async () => {
	temporary = await mkdtemp(join(tmpdir(), 'halfopen-setup-'));
});

afterAll(async () => {
	await rm(temporary, { recursive: true, force: true });
});

/** Runs setup once, on a machine made for it. */
async function setup(engine: 'docker' | 'netns', machine: MachineOptions, options: SetupOptions = {}) {
	await using bare = await BareMachine.create(temporary, machine);
	return await bare.setup({ ...options, environment: { HALFOPEN_ENGINE: engine, ...options.environment } });
}

/** Passes if it failed with this error, and told all of this as a message. */
function expectRefusal({ status, output }: SetupResult, code: string, ...told: readonly string[]): void {
	for (const text of [`[${code}]`, ...told]) expect(output).toContain(text);
	expect(output).not.toMatch(/^\s+at /m);
	expect(status).toBe(1);
}

const DEBIAN = `echo 'ID=debian' >"$root/etc/os-release"\n`;
/** What it installs are the machine's packages. */
const APT_GET = 'case "$*" in *" install "*) cp /machine/packages/* /usr/bin/ ;; esac';
const APT = 'apt-get -o DPkg::Lock::Timeout=120';
/** Compiles nothing, but leaves a file as a compiler does. */
const CC = 'while [ $# -gt 0 ]; do [ "$1" != -o ] || echo compiled >"$2"; shift; done';

/** Programs that do nothing. */
const silent = (...names: readonly string[]): Record<string, string> =>
	Object.fromEntries(names.map((name) => [name, '']));
const TOOLS = silent(
	...['arptables', 'curl', 'hostname', 'ip', 'iptables', 'lsof', 'mount', 'nc.openbsd', 'nc.traditional', 'ncat'],
	...['nsenter', 'setpriv', 'ss', 'strace', 'tcpdump', 'telnet', 'unshare'],
);
/** In the order of the alphabet; each brings at least one of the programs. */
const PACKAGES =
	'curl gcc hostname inetutils-telnet iproute2 iptables libc6-dev lsof ncat netcat-openbsd netcat-traditional strace ' +
	'tcpdump util-linux';

describe('for network namespaces', () => {
	testOnNetns('nothing is there, and no package manager: says what to install', async () => {
		const result = await setup('netns', {});
		const told = `Install ${PACKAGES.replaceAll(' ', ', ')}`;
		expectRefusal(result, 'SETUP_FAILED', 'Hosts need programs that are not here', 'not Debian or Ubuntu', told);
	});

	testOnNetns('nothing is there, on Debian: installs it, and compiles', async () => {
		const { status, output, calls } = await setup('netns', {
			programs: { 'apt-get': APT_GET },
			packages: { ...TOOLS, cc: CC },
			before: DEBIAN,
		});
		expect({ status, output }).toEqual({
			status: 0,
			output: expect.stringMatching(/\nready: network namespaces, states traced by the kernel$/),
		});
		expect(calls.filter((call) => !call.startsWith('cc '))).toEqual([
			`${APT} update`,
			`${APT} install -y --no-install-recommends ${PACKAGES}`,
			'mount -t tracefs tracefs /sys/kernel/tracing',
		]);
		// The agent, dnc, and the program that makes a host's root.
		expect(calls.filter((call) => call.startsWith('cc '))).toHaveLength(3);
	});

	testOnNetns('all is there: nothing is installed, and what was compiled is not compiled again', async () => {
		await using machine = await BareMachine.create(temporary, {
			programs: { ...TOOLS, cc: CC, 'apt-get': '' },
			before: DEBIAN,
		});
		const environment = { HALFOPEN_ENGINE: 'netns' };
		expect((await machine.setup({ environment })).status).toBe(0);
		const again = await machine.setup({ environment });
		expect(again).toMatchObject({ status: 0, calls: ['mount -t tracefs tracefs /sys/kernel/tracing'] });
		expect(again.output).toContain('is up to date');
	});

	testOnNetns('an ordinary user without sudo: says that it takes root', async () => {
		const result = await setup('netns', { programs: { 'apt-get': '' }, before: DEBIAN }, { user: 'ordinary' });
		expectRefusal(result, 'SETUP_FAILED', 'this is not root, and sudo is missing or asks for a password');
		expect(result.calls).toEqual([]);
	});

	testOnNetns(
		'an ordinary user with sudo, and one program is missing: only its package is installed, as root',
		async () => {
			const { strace: _strace, mount: _mount, ...tools } = TOOLS;
			const machine = {
				programs: { ...tools, cc: CC, 'apt-get': APT_GET, sudo: 'shift; exec "$@"' },
				packages: silent('strace'),
				before: DEBIAN,
			};
			const { status, output, calls } = await setup('netns', machine, { user: 'ordinary' });
			const install = 'env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=120 install -y';
			expect(calls).toContain(`sudo -n ${install} --no-install-recommends strace`);
			// There is no `mount` on this machine: labs do without the trace.
			expect({ status, output }).toEqual({
				status: 0,
				output: expect.stringMatching(/not possible: .*\nready: network namespaces, states sampled$/s),
			});
		},
	);

	testOnNetns('no network: the lists cannot be had, nor the packages, and apt’s last words are shown', async () => {
		const offline = 'echo "E: Failed to fetch http://deb.debian.org/debian  Could not resolve"; exit 100';
		const result = await setup('netns', { programs: { 'apt-get': offline }, before: DEBIAN });
		expectRefusal(result, 'SETUP_FAILED', 'E: Failed to fetch http://deb.debian.org/debian', 'exit code 100');
		expect(result.output).toContain('  apt-get update did not get every list: E: Failed to fetch');
		expect(result.calls).toHaveLength(2);
	});

	testOnNetns('apt installs no C compiler: says so, and which packages have it', async () => {
		const machine = { programs: { 'apt-get': APT_GET }, packages: TOOLS, before: DEBIAN };
		const result = await setup('netns', machine);
		expectRefusal(result, 'SETUP_FAILED', 'could not be compiled', 'apt-get install gcc libc6-dev');
	});

	testOnNetns('the disk is full: the compiler’s words are shown, and nothing half done counts as there', async () => {
		await using machine = await BareMachine.create(temporary, {
			programs: { ...TOOLS, cc: `${CC.replace('echo compiled', 'exec cat /usr/bin/node')}` },
			before: 'mount -t tmpfs -o size=256k tmpfs "$root$project/.cache"',
		});
		const result = await machine.setup({ environment: { HALFOPEN_ENGINE: 'netns' } });
		expectRefusal(result, 'SETUP_FAILED', 'could not be compiled', 'No space left on device');
	});

	testOnNetns('the disk is full: what is copied says which file has no room', async () => {
		const result = await setup('netns', {
			programs: { ...TOOLS, cc: '' },
			before: 'mount -t tmpfs -o size=4k tmpfs "$root$project/.cache"',
		});
		expectRefusal(result, 'SETUP_FAILED', 'A file cannot be written', 'ENOSPC', 'images/peers/');
	});
});

describe('for Docker', () => {
	const INFO = { 'GET /info': [200, { ServerVersion: '99.1', OperatingSystem: 'Fake Linux' }] } as const;
	const HAS_COMPOSE = { 'docker-compose': 'echo 2.99' };
	const RUNS = [
		'cp "$machine/fake-dockerd" "$root/usr/bin/dockerd"',
		'chroot "$root" dockerd &',
		'while [ ! -S "$root/run/docker.sock" ]; do sleep 0.1; done\n',
	].join('\n');
	const READY = 'ready: Docker engine 99.1 (Fake Linux), halfopen-host:';
	let image: string;
	let isThere: EngineAnswers;
	let buildsIt: EngineAnswers;

	beforeAll(async () => {
		image = await hostImage();
		const named = { ...INFO, [`POST /images/${image}/tag?`]: [201, {}] } as const;
		const older = [{ Id: 'sha256:0123456789abcdef', RepoTags: ['halfopen-host:older', image] }];
		isThere = { ...named, [`GET /images/${image}/json`]: [200, {}], 'GET /images/json': [200, []] };
		buildsIt = {
			...named,
			'GET /images/debian:trixie-slim/json': [200, {}],
			'POST /build?': [200, { stream: 'Step 1/1 : FROM debian' }],
			'GET /images/json?filters={"label":["halfopen.image=host"]}': [200, older],
			'GET /images/json': [200, []],
			'DELETE /images/halfopen-host:older': [200, []],
		};
	});

	const did = (calls: readonly string[]) =>
		calls.filter((call) => /^engine (POST|DELETE)|^apt-get|^rm|^mmdebstrap/.test(call));

	testOnNetns('all is there: the image gets its other name, and nothing else happens', async () => {
		const { status, output, calls } = await setup('docker', {
			programs: HAS_COMPOSE,
			engine: isThere,
			before: RUNS,
		});
		expect(did(calls)).toEqual([`engine POST /images/${image}/tag?repo=halfopen-host&tag=latest`]);
		expect(output).toContain(`* ${image} is up to date`);
		expect(output).toContain(`${READY}${image.split(':')[1]}, docker-compose 2.99, states`);
		expect(status).toBe(0);
	});

	testOnNetns(
		'the image is of other sources: another is built on the official base, and the older removed',
		async () => {
			const { status, calls } = await setup('docker', { programs: HAS_COMPOSE, engine: buildsIt, before: RUNS });
			const [build, ...rest] = did(calls);
			expect(build).toMatch(/^engine POST \/build\?/);
			expect(build).toContain(`t=${image}`);
			expect(build).toContain('{"BASE":"debian:trixie-slim"}');
			expect(rest).toEqual([
				`engine POST /images/${image}/tag?repo=halfopen-host&tag=latest`,
				'engine DELETE /images/halfopen-host:older',
			]);
			expect(status).toBe(0);
		},
	);

	testOnNetns('the disk is full: the build’s last words are shown, and no image gets a name', async () => {
		const full = {
			...buildsIt,
			'POST /build?': [200, { error: 'write /usr/lib/x: no space left on device' }],
		} as const;
		const result = await setup('docker', { programs: HAS_COMPOSE, engine: full, before: RUNS });
		const told = 'The host image could not be built: write /usr/lib/x: no space left on device';
		expectRefusal(result, 'SETUP_FAILED', told);
		expect(did(result.calls)).toEqual([expect.stringMatching(/^engine POST \/build\?/)]);
	});

	testOnNetns('no registry answers, and no mirror: the last words of mmdebstrap are shown', async () => {
		const { 'GET /images/debian:trixie-slim/json': _, ...offline } = buildsIt;
		const engine = {
			...offline,
			'POST /images/create?fromImage=debian': [500, { message: 'dial tcp: lookup registry-1.docker.io: no such host' }],
			'POST /images/create?changes=LABEL halfopen.image=base&fromSrc=-': [200, { status: 'sha256:unfinished' }],
			'DELETE /images/sha256:unfinished': [200, []],
		} as const;
		const programs = { ...HAS_COMPOSE, mmdebstrap: 'echo "E: no mirror of trixie" >&2; exit 1' };
		const result = await setup('docker', { programs, engine, before: RUNS });
		expect(result.output).toContain('no image from the registry (dial tcp: lookup registry-1.docker.io: no such host)');
		const told = 'could not make a base image from http://deb.debian.org/debian';
		expectRefusal(result, 'SETUP_FAILED', told, 'E: no mirror of trixie');
		// What was imported of a base that is not whole has no name, and goes.
		expect(did(result.calls).at(-1)).toBe('engine DELETE /images/sha256:unfinished');
	});

	testOnNetns(
		'no engine, and what a killed one left: it is installed and started, without the stale pid file',
		async () => {
			const packages = {
				...HAS_COMPOSE,
				dockerd: 'exec /machine/fake-dockerd',
				mount: '',
			};
			const { status, output, calls } = await setup('docker', {
				programs: { 'apt-get': APT_GET },
				packages,
				engine: isThere,
				// No process has this pid (pid_max is at most 2^22).
				before: `${DEBIAN}echo 4194305 >"$root/run/docker.pid"`,
			});
			expect(output).toContain('* /var/run/docker.pid is left over from an engine that is gone: removing it');
			expect(calls.filter((call) => !call.startsWith('engine'))).toEqual([
				`${APT} update`,
				`${APT} install -y --no-install-recommends docker.io iptables ca-certificates`,
				// On this machine nobody has mounted it, and no container starts without.
				'mount -t cgroup2 cgroup2 /sys/fs/cgroup',
				'dockerd ',
				'docker-compose version --short',
				'mount -t tracefs tracefs /sys/kernel/tracing',
			]);
			expect(output).toContain(READY);
			expect(status).toBe(0);
		},
	);

	testOnNetns('the engine does not come up: its last words are shown', async () => {
		const dockerd = 'echo "failed to start daemon: no iptables" >&2; exit 1';
		const result = await setup('docker', { programs: { ...silent('mount'), dockerd } });
		expectRefusal(
			result,
			'ENGINE_UNREACHABLE',
			'failed to start daemon: no iptables',
			'Read /var/log/halfopen-dockerd.log',
		);
	});

	testOnNetns('the engine lets this user not in: says so at once, and how to be let in', async () => {
		const result = await setup('docker', { before: `${RUNS}chmod 0 "$root/run/docker.sock"` }, { user: 'ordinary' });
		const told = 'This user may not use the Docker engine at /var/run/docker.sock';
		expectRefusal(result, 'ENGINE_UNREACHABLE', told, 'sudo usermod -aG docker $USER');
		expect(did(result.calls)).toEqual([]);
	});

	testOnNetns('DOCKER_HOST names an engine that does not answer: no other is started', async () => {
		const environment = { DOCKER_HOST: 'tcp://127.0.0.1:9' };
		const result = await setup('docker', { programs: silent('dockerd') }, { environment });
		expectRefusal(result, 'ENGINE_UNREACHABLE', 'No Docker engine answers at DOCKER_HOST=tcp://127.0.0.1:9');
		expect(result.calls).toEqual([]);
	});
});
