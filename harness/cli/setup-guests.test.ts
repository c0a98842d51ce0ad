/**
 * `npm run setup -- --vm` and `--browser`, on machines that lack programs, with a fake package manager and compiler.
 */
import { describe, expect } from '@jest/globals';
import { QEMU } from '../engines/vm/qemu-command.ts';
import { DEBIAN_KEYRING } from '../kernels/apt.ts';
import { needing } from '../util/fixtures/needing.ts';
import { canCreateBareMachines } from './fixtures/bare-machine.ts';
import { APT, APT_GET, bareSetups, CC, DEBIAN, expectRefusal, silent, TOOLS } from './fixtures/bare-setup.ts';

const { test } = needing({
	what: 'leave to create namespaces',
	isAvailable: await canCreateBareMachines(),
	remedy: 'run them as root, or allow user namespaces (docs/engines.md)',
});
const { create, setup } = bareSetups();

/** What hosts in namespaces need. */
const HOST_PROGRAMS = { ...TOOLS, cc: CC };
/** What guests need in addition. */
const GUEST_PROGRAMS = silent(QEMU, 'cpio', 'depmod', 'dpkg-deb', 'flock', 'xz');
/** In alphabetical order. Each contains one of the programs, or Debian's keys. */
const PACKAGES = 'cpio debian-archive-keyring dpkg kmod qemu-system-x86 util-linux xz-utils';
const WITH_KEYRING = `${DEBIAN}mkdir -p "$root/usr/share/keyrings"; touch "$root${DEBIAN_KEYRING}"\n`;
const install = (packages: string) => `${APT} install -y --no-install-recommends ${packages}`;
const notCompiling = (calls: readonly string[]) => calls.filter((call) => !call.startsWith('cc '));

describe('for virtual machines', () => {
	test('no package manager: lists the packages that guests need', async () => {
		const result = await setup('vm', { programs: HOST_PROGRAMS });
		const remedy = `Install ${PACKAGES.replaceAll(' ', ', ')}`;
		expectRefusal(
			result,
			'SETUP_FAILED',
			'Guests need programs that are not installed',
			'not Debian or Ubuntu',
			remedy,
		);
	});

	test('only the programs of hosts are installed, on Debian: installs those of guests, and compiles', async () => {
		await using machine = await create({
			programs: { ...HOST_PROGRAMS, 'apt-get': APT_GET },
			packages: GUEST_PROGRAMS,
			before: DEBIAN,
		});
		const { status, output, calls } = await machine.setup({ args: ['--vm'] });
		expect({ status, output }).toEqual({
			status: 0,
			output: expect.stringMatching(new RegExp(`\nready: network namespaces, guests in ${QEMU}$`)),
		});
		// tracefs is not mounted: a guest has its own.
		expect(notCompiling(calls)).toEqual([`${APT} update`, install(PACKAGES)]);
		// The agent, dnc, the program that sets up a host's root, and the guests' init process.
		expect(calls.filter((call) => call.startsWith('cc '))).toHaveLength(4);
		expect(await machine.compiled()).toEqual([
			expect.stringMatching(/^host-[0-9a-f]{12}$/),
			expect.stringMatching(/^init-[0-9a-f]{12}$/),
		]);
	});

	test('one program is missing: installs only its package', async () => {
		const { xz: _xz, ...programs } = GUEST_PROGRAMS;
		const { status, calls } = await setup('vm', {
			programs: { ...HOST_PROGRAMS, ...programs, 'apt-get': APT_GET },
			packages: silent('xz'),
			before: WITH_KEYRING,
		});
		expect(notCompiling(calls)).toEqual([`${APT} update`, install('xz-utils')]);
		expect(status).toBe(0);
	});

	test('everything is installed: compiles only once, and removes programs of older sources after a day', async () => {
		const older =
			'touch "$machine/cache/init-0"; touch -d "25 hours ago" "$machine/cache/init-1" "$machine/cache/host-1"';
		await using machine = await create({
			programs: { ...HOST_PROGRAMS, ...GUEST_PROGRAMS, 'apt-get': '' },
			before: `${WITH_KEYRING}${older}`,
		});
		expect(await machine.setup({ args: ['--vm'] })).toMatchObject({ status: 0 });
		const { status, output, calls } = await machine.setup({ args: ['--vm'] });
		expect({ status, calls }).toEqual({ status: 0, calls: [] });
		expect(output).toMatch(/^\* host-[0-9a-f]{12} is up to date\n\* init-[0-9a-f]{12} is up to date\n/);
		expect(await machine.compiled()).toEqual([
			expect.stringMatching(/^host-[0-9a-f]{12}$/),
			'init-0',
			expect.stringMatching(/^init-[0-9a-f]{12}$/),
		]);
	});

	test('the init process cannot be compiled: shows the output of the compiler, and leaves no part of it', async () => {
		const broken = `case "$*" in *guest/init.c*) echo "init.c:1: error: broken" >&2; exit 1 ;; esac; ${CC}`;
		await using machine = await create({
			programs: { ...HOST_PROGRAMS, ...GUEST_PROGRAMS, cc: broken },
			before: WITH_KEYRING,
		});
		const result = await machine.setup({ args: ['--vm'] });
		expectRefusal(result, 'SETUP_FAILED', 'init.c:1: error: broken');
		expect(result.output).toMatch(/init-[0-9a-f]{12} could not be compiled/);
		expect(await machine.compiled()).toEqual([expect.stringMatching(/^host-/)]);
	});

	test('an ordinary user without sudo: says that root is needed', async () => {
		const machine = { programs: { ...HOST_PROGRAMS, 'apt-get': '' }, before: DEBIAN };
		const result = await setup('vm', machine, { user: 'ordinary' });
		expectRefusal(result, 'SETUP_FAILED', 'this is not root, and sudo is missing or asks for a password');
		expect(notCompiling(result.calls)).toEqual([]);
	});
});

describe('with a browser', () => {
	const args = ['--browser'];

	test('a Chromium of another name is installed: uses it', async () => {
		const machine = { programs: { ...HOST_PROGRAMS, 'chromium-browser': '' } };
		const { status, output, calls } = await setup('netns', machine, { args });
		expect(output).toMatch(/\n\* found \S+\/chromium-browser\n/);
		expect(output).toMatch(/\nready: .*, \S+\/chromium-browser$/);
		expect(notCompiling(calls)).toEqual(['mount -t tracefs tracefs /sys/kernel/tracing']);
		expect(status).toBe(0);
	});

	test('no browser is installed, on Debian: installs Chromium', async () => {
		const machine = {
			programs: { ...HOST_PROGRAMS, 'apt-get': APT_GET },
			packages: silent('chromium'),
			before: DEBIAN,
		};
		const { status, output, calls } = await setup('netns', machine, { args });
		expect(calls.slice(-2)).toEqual([`${APT} update`, install('chromium')]);
		expect(output).toMatch(/\nready: .*, \S+\/chromium$/);
		expect(status).toBe(0);
	});

	test('the package contains no program that is known: says which programs were looked for', async () => {
		const machine = {
			programs: { ...HOST_PROGRAMS, 'apt-get': APT_GET },
			packages: silent('chromium-of-another-name'),
			before: DEBIAN,
		};
		const result = await setup('netns', machine, { args });
		expectRefusal(result, 'SETUP_FAILED', 'in the PATH: chromium, chromium-browser, google-chrome', 'dpkg -L chromium');
	});

	test('no browser is installed, and there is no package manager: names the package', async () => {
		const result = await setup('netns', { programs: HOST_PROGRAMS }, { args });
		expectRefusal(result, 'SETUP_FAILED', 'Chromium', 'not Debian or Ubuntu', 'Install chromium');
	});
});
