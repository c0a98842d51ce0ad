import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect } from '@jest/globals';
import { execa } from 'execa';
import { needing } from '../../util/fixtures/needing.ts';
import { buildInitramfs, type InitramfsParts, OPT_IN_GUEST } from './initramfs.ts';

let folder = '';
let parts: InitramfsParts;

beforeEach(async () => {
	folder = await mkdtemp(join(tmpdir(), 'halfopen-root-'));
	parts = {
		bin: join(folder, 'bin'),
		opt: join(folder, 'opt'),
		init: join(folder, 'init-1'),
		modules: join(folder, 'modules'),
	};
	for (const one of [parts.bin, join(parts.opt, 'halfopen'), parts.modules]) await mkdir(one, { recursive: true });
	await writeFile(join(parts.bin, 'halfopen-agent'), 'agent', { mode: 0o755 });
	await writeFile(join(parts.opt, 'halfopen/echo.mjs'), 'echo');
	await writeFile(join(parts.modules, 'order'), '');
	await writeFile(parts.init, 'init', { mode: 0o755 });
});

afterEach(() => rm(folder, { recursive: true }));

/**
 * In ms. The test copies all programs of guests, some 150 MB. That takes 3 s on an idle machine, and twenty times as
 * long on one with a load of thirty.
 */
const LIMIT_MS = 180_000;

const cpio = await execa('cpio', ['--version'], { reject: false });
const { test: testWithCpio } = needing({ what: 'cpio', isAvailable: !cpio.failed, remedy: 'npm run setup -- --vm' });

testWithCpio(
	'a root contains the parts of the project, and the programs of this machine at their paths, with all linked files',
	async () => {
		const [real, program] = ['/usr/bin/env', join(folder, 'a-program')];
		await symlink(real, program);
		const archive = join(folder, 'root.cpio');
		await buildInitramfs(archive, join(folder, 'staging'), parts, [program, real]);
		const { stdout } = await execa('cpio', ['--list', '--verbose', '--quiet', '--numeric-uid-gid'], {
			inputFile: archive,
		});
		const files = stdout.split('\n').map((line) => line.split(/\s+/));
		const found = new Map(
			files.map(([mode, _links, owner, group, _size, _month, _day, _time, path, ...link]) => [
				path,
				[mode, owner, group, ...link],
			]),
		);
		for (const [path, mode] of [
			['init', '-rwxr-xr-x'],
			['usr/local/bin/halfopen-agent', '-rwxr-xr-x'],
			[`${OPT_IN_GUEST.slice(1)}/halfopen/echo.mjs`, '-rw-r--r--'],
			['modules/order', '-rw-r--r--'],
			['etc/passwd', '-rw-r--r--'],
			[real.slice(1), '-rwxr-xr-x'],
		] as const) {
			expect([path, found.get(path)]).toEqual([path, [mode, '0', '0']]);
		}
		expect(found.get(program.slice(1))).toEqual(['lrwxrwxrwx', '0', '0', '->', real]);
		// The folder of the link is not in the PATH of guests.
		expect(found.get('usr/local/bin/a-program')).toEqual(['lrwxrwxrwx', '0', '0', '->', program]);
		expect(found.has('usr/local/bin/env')).toBe(false);
		expect([...found.keys()].filter((path) => path?.endsWith('/libc.so.6'))).not.toEqual([]);
	},
	LIMIT_MS,
);
