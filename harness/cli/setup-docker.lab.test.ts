/** `npm run setup` for Docker, on machines that lack programs, with a fake package manager and a fake engine. */
import { beforeAll, expect } from '@jest/globals';
import { hostImage } from '../engines/docker/image.ts';
import { testOn } from '../run/fixtures/on-engine.ts';
import type { EngineAnswers } from './fixtures/bare-machine.ts';
import { APT, APT_GET, bareSetups, DEBIAN, expectRefusal, silent } from './fixtures/bare-setup.ts';

const testOnNetns = testOn('netns', 'about this machine, which no engine changes: once is enough');
const { setup } = bareSetups();

const INFO = { 'GET /info': [200, { ServerVersion: '99.1', OperatingSystem: 'Fake Linux' }] } as const;
const HAS_COMPOSE = { 'docker-compose': 'echo 2.99' };
/** A `before` script that starts the engine. */
const START_ENGINE = [
	'cp "$machine/fake-dockerd" "$root/usr/bin/dockerd"',
	'chroot "$root" dockerd &',
	'while [ ! -S "$root/run/docker.sock" ]; do sleep 0.1; done\n',
].join('\n');
const READY = 'ready: Docker engine 99.1 (Fake Linux), halfopen-host:';
let image: string;
/** The answers of an engine that has the image, and of one that must build it. */
let hasImage: EngineAnswers;
let buildsImage: EngineAnswers;

beforeAll(async () => {
	image = await hostImage();
	const named = { ...INFO, [`POST /images/${image}/tag?`]: [201, {}] } as const;
	const older = [{ Id: 'sha256:0123456789abcdef', RepoTags: ['halfopen-host:older', image] }];
	hasImage = { ...named, [`GET /images/${image}/json`]: [200, {}], 'GET /images/json': [200, []] };
	buildsImage = {
		...named,
		'GET /images/debian:trixie-slim/json': [200, {}],
		'POST /build?': [200, { stream: 'Step 1/1 : FROM debian' }],
		'GET /images/json?filters={"label":["halfopen.image=host"]}': [200, older],
		'GET /images/json': [200, []],
		'DELETE /images/halfopen-host:older': [200, []],
	};
});

/** The calls that change something. */
const changes = (calls: readonly string[]) =>
	calls.filter((call) => /^engine (POST|DELETE)|^apt-get|^rm|^mmdebstrap/.test(call));

testOnNetns('everything is installed: tags the image as latest, and changes nothing else', async () => {
	const { status, output, calls } = await setup('docker', {
		programs: HAS_COMPOSE,
		engine: hasImage,
		before: START_ENGINE,
	});
	expect(changes(calls)).toEqual([`engine POST /images/${image}/tag?repo=halfopen-host&tag=latest`]);
	expect(output).toContain(`* ${image} is up to date`);
	expect(output).toContain(`${READY}${image.split(':')[1]}, docker-compose 2.99, states`);
	expect(status).toBe(0);
});

testOnNetns('the image has older sources: builds another on the official base, and removes the older one', async () => {
	const { status, calls } = await setup('docker', { programs: HAS_COMPOSE, engine: buildsImage, before: START_ENGINE });
	const [build, ...rest] = changes(calls);
	expect(build).toMatch(/^engine POST \/build\?/);
	expect(build).toContain(`t=${image}`);
	expect(build).toContain('{"BASE":"debian:trixie-slim"}');
	expect(rest).toEqual([
		`engine POST /images/${image}/tag?repo=halfopen-host&tag=latest`,
		'engine DELETE /images/halfopen-host:older',
	]);
	expect(status).toBe(0);
});

testOnNetns('the disk is full: shows the last lines of the build, and tags no image', async () => {
	const full = {
		...buildsImage,
		'POST /build?': [200, { error: 'write /usr/lib/x: no space left on device' }],
	} as const;
	const result = await setup('docker', { programs: HAS_COMPOSE, engine: full, before: START_ENGINE });
	const problem = 'The host image could not be built: write /usr/lib/x: no space left on device';
	expectRefusal(result, 'SETUP_FAILED', problem);
	expect(changes(result.calls)).toEqual([expect.stringMatching(/^engine POST \/build\?/)]);
});

testOnNetns('neither a registry nor a mirror answers: shows the last lines of mmdebstrap', async () => {
	const { 'GET /images/debian:trixie-slim/json': _, ...offline } = buildsImage;
	const engine = {
		...offline,
		'POST /images/create?fromImage=debian': [500, { message: 'dial tcp: lookup registry-1.docker.io: no such host' }],
		'POST /images/create?changes=LABEL halfopen.image=base&fromSrc=-': [200, { status: 'sha256:unfinished' }],
		'DELETE /images/sha256:unfinished': [200, []],
	} as const;
	const programs = { ...HAS_COMPOSE, mmdebstrap: 'echo "E: no mirror of trixie" >&2; exit 1' };
	const result = await setup('docker', { programs, engine, before: START_ENGINE });
	expect(result.output).toContain('no image from the registry (dial tcp: lookup registry-1.docker.io: no such host)');
	const problem = 'could not build a base image from http://deb.debian.org/debian';
	expectRefusal(result, 'SETUP_FAILED', problem, 'E: no mirror of trixie');
	// The incomplete base was imported without a name, and is removed.
	expect(changes(result.calls).at(-1)).toBe('engine DELETE /images/sha256:unfinished');
});

testOnNetns(
	'no engine is installed, but a killed one left its pid file: removes the file, and installs and starts an engine',
	async () => {
		const packages = {
			...HAS_COMPOSE,
			dockerd: 'exec /machine/fake-dockerd',
			mount: '',
		};
		const { status, output, calls } = await setup('docker', {
			programs: { 'apt-get': APT_GET },
			packages,
			engine: hasImage,
			// No process has this pid (pid_max is at most 2^22).
			before: `${DEBIAN}echo 4194305 >"$root/run/docker.pid"`,
		});
		expect(output).toContain('* /var/run/docker.pid is left over from an engine that is gone: removing it');
		expect(calls.filter((call) => !call.startsWith('engine'))).toEqual([
			`${APT} update`,
			`${APT} install -y --no-install-recommends docker.io iptables ca-certificates`,
			// It is not mounted on this machine, and no container starts without it.
			'mount -t cgroup2 cgroup2 /sys/fs/cgroup',
			'dockerd ',
			'docker-compose version --short',
			'mount -t tracefs tracefs /sys/kernel/tracing',
		]);
		expect(output).toContain(READY);
		expect(status).toBe(0);
	},
);

testOnNetns('the engine does not start: shows the last lines of its log', async () => {
	const dockerd = 'echo "failed to start daemon: no iptables" >&2; exit 1';
	const result = await setup('docker', { programs: { ...silent('mount'), dockerd } });
	expectRefusal(
		result,
		'ENGINE_UNREACHABLE',
		'failed to start daemon: no iptables',
		'Read /var/log/halfopen-dockerd.log',
	);
});

testOnNetns('this user may not use the engine: says so at once, and how to get access', async () => {
	const result = await setup(
		'docker',
		{ before: `${START_ENGINE}chmod 0 "$root/run/docker.sock"` },
		{ user: 'ordinary' },
	);
	const problem = 'This user may not use the Docker engine at /var/run/docker.sock';
	expectRefusal(result, 'ENGINE_UNREACHABLE', problem, 'sudo usermod -aG docker $USER');
	expect(changes(result.calls)).toEqual([]);
});

testOnNetns('DOCKER_HOST is an engine that does not answer: starts no other engine', async () => {
	const environment = { DOCKER_HOST: 'tcp://127.0.0.1:9' };
	const result = await setup('docker', { programs: silent('dockerd') }, { environment });
	expectRefusal(result, 'ENGINE_UNREACHABLE', 'No Docker engine answers at DOCKER_HOST=tcp://127.0.0.1:9');
	expect(result.calls).toEqual([]);
});
