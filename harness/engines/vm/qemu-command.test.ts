import { expect, test } from '@jest/globals';
import { commandLine, filesOf } from './qemu-command.ts';

/** Returns the value of an option, which must occur once. */
function optionOf(words: readonly string[], option: string): string {
	expect(words.filter((word) => word === option)).toHaveLength(1);
	return words[words.indexOf(option) + 1] ?? '';
}

test('the files of a guest are named after it, and are in the folder of the run', () => {
	expect(filesOf('/tmp/run', 'guest-7')).toEqual({
		console: '/tmp/run/guest-7.console',
		monitor: '/tmp/run/guest-7.monitor',
		memory: '/tmp/run/guest-7.memory',
	});
});

test('a comma in a path is doubled where it would end the value of an option, and nowhere else', () => {
	const words = commandLine('/kernels/a,b/vmlinuz', filesOf('/tmp/a,b c', 'guest-7'));
	expect(optionOf(words, '-qmp')).toBe('unix:/tmp/a,,b c/guest-7.monitor,server=on,wait=off');
	expect(optionOf(words, '-object')).toBe(
		'memory-backend-file,id=shared,mem-path=/tmp/a,,b c/guest-7.memory,size=2097152,share=on',
	);
	expect(optionOf(words, '-serial')).toBe('file:/tmp/a,b c/guest-7.console');
	expect(optionOf(words, '-kernel')).toBe('/kernels/a,b/vmlinuz');
});

test('the guest gets no time or random numbers of this machine, and no device but the shared memory', () => {
	const words = commandLine('vmlinuz', filesOf('/tmp', 'guest'));
	expect(optionOf(words, '-icount')).toBe('shift=0,sleep=off');
	expect(optionOf(words, '-rtc')).toContain('clock=vm');
	expect(optionOf(words, '-seed')).toBe('1');
	expect(optionOf(words, '-nic')).toBe('none');
	expect(words).toEqual(expect.arrayContaining(['-nodefaults', '-no-user-config', '-no-reboot']));
});
