/** `npm run setup` for network namespaces, on machines that lack programs, with a fake package manager and compiler. */
import { expect } from '@jest/globals';
import { testOn } from '../run/fixtures/on-engine.ts';
import { APT, APT_GET, bareSetups, CC, DEBIAN, expectRefusal, silent, TOOLS } from './fixtures/bare-setup.ts';

const testOnNetns = testOn('netns', 'about this machine, which no engine changes: once is enough');
const { create, setup } = bareSetups();

/** In alphabetical order. Each contains at least one of the programs. */
const PACKAGES =
	'conntrack curl gcc hostname inetutils-telnet iproute2 iptables libc6-dev lsof ncat netcat-openbsd ' +
	'netcat-traditional nftables strace tcpdump util-linux';

testOnNetns('nothing is installed, and there is no package manager: lists the packages to install', async () => {
	const result = await setup('netns', {});
	const remedy = `Install ${PACKAGES.replaceAll(' ', ', ')}`;
	expectRefusal(result, 'SETUP_FAILED', 'Hosts need programs that are not installed', 'not Debian or Ubuntu', remedy);
});

testOnNetns('nothing is installed, on Debian: installs the packages, and compiles', async () => {
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
	// The agent, dnc, and the program that sets up a host's root.
	expect(calls.filter((call) => call.startsWith('cc '))).toHaveLength(3);
});

testOnNetns('everything is installed: installs nothing, and compiles only once', async () => {
	await using machine = await create({
		programs: { ...TOOLS, cc: CC, 'apt-get': '' },
		before: DEBIAN,
	});
	const environment = { HALFOPEN_ENGINE: 'netns' };
	expect((await machine.setup({ environment })).status).toBe(0);
	const again = await machine.setup({ environment });
	expect(again).toMatchObject({ status: 0, calls: ['mount -t tracefs tracefs /sys/kernel/tracing'] });
	expect(again.output).toContain('is up to date');
});

testOnNetns('an ordinary user without sudo: says that root is needed', async () => {
	const result = await setup('netns', { programs: { 'apt-get': '' }, before: DEBIAN }, { user: 'ordinary' });
	expectRefusal(result, 'SETUP_FAILED', 'this is not root, and sudo is missing or asks for a password');
	expect(result.calls).toEqual([]);
});

testOnNetns('an ordinary user with sudo, and one missing program: installs only its package, as root', async () => {
	const { strace: _strace, mount: _mount, ...tools } = TOOLS;
	const machine = {
		programs: { ...tools, cc: CC, 'apt-get': APT_GET, sudo: 'shift; exec "$@"' },
		packages: silent('strace'),
		before: DEBIAN,
	};
	const { status, output, calls } = await setup('netns', machine, { user: 'ordinary' });
	const install = 'env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=120 install -y';
	expect(calls).toContain(`sudo -n ${install} --no-install-recommends strace`);
	// This machine has no `mount`, so labs sample states instead of tracing them.
	expect({ status, output }).toEqual({
		status: 0,
		output: expect.stringMatching(/not possible: .*\nready: network namespaces, states sampled$/s),
	});
});

testOnNetns('no network: shows the last lines of apt-get', async () => {
	const offline = 'echo "E: Failed to fetch http://deb.debian.org/debian  Could not resolve"; exit 100';
	const result = await setup('netns', { programs: { 'apt-get': offline }, before: DEBIAN });
	expectRefusal(result, 'SETUP_FAILED', 'E: Failed to fetch http://deb.debian.org/debian', 'exit code 100');
	expect(result.output).toContain('  apt-get update did not get every list: E: Failed to fetch');
	expect(result.calls).toHaveLength(2);
});

testOnNetns('apt-get installs no C compiler: names the packages that contain it', async () => {
	const machine = { programs: { 'apt-get': APT_GET }, packages: TOOLS, before: DEBIAN };
	const result = await setup('netns', machine);
	expectRefusal(result, 'SETUP_FAILED', 'could not be compiled', 'apt-get install gcc libc6-dev');
});

testOnNetns('the disk is full while compiling: shows the output of the compiler', async () => {
	await using machine = await create({
		programs: { ...TOOLS, cc: `${CC.replace('echo compiled', 'exec cat /usr/bin/node')}` },
		before: 'mount -t tmpfs -o size=256k tmpfs "$root$project/.cache"',
	});
	const result = await machine.setup({ environment: { HALFOPEN_ENGINE: 'netns' } });
	expectRefusal(result, 'SETUP_FAILED', 'could not be compiled', 'No space left on device');
});

testOnNetns('the disk is full while copying: names the file that could not be written', async () => {
	const result = await setup('netns', {
		programs: { ...TOOLS, cc: '' },
		before: 'mount -t tmpfs -o size=4k tmpfs "$root$project/.cache"',
	});
	expectRefusal(result, 'SETUP_FAILED', 'A file cannot be written', 'ENOSPC', 'images/peers/');
});
