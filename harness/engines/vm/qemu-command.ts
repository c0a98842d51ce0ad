import { join } from 'node:path';
import { SHARED_MEMORY_BYTES } from './shared-memory.ts';

/** The program, as it is found in PATH. */
export const QEMU = 'qemu-system-x86_64';
const MEMORY_MIB = 768;

/** Files of one guest, in a folder of the run's. */
export const filesOf = (folder: string, name: string) => ({
	console: join(folder, `${name}.console`),
	monitor: join(folder, `${name}.monitor`),
	memory: join(folder, `${name}.memory`),
});

/** Where they are. */
export type GuestFiles = ReturnType<typeof filesOf>;

/**
 * The computer. Its clock is the count of its instructions, one a nanosecond, and jumps when it has nothing to do
 * (`icount`); nothing in it hears of the time outside. Without cmpxchg16b, which QEMU 7.2 gets wrong at random; without
 * HPET, on which QEMU 10 stops at every tick of an idle clock.
 */
export function commandLine(kernel: string, { console, monitor, memory }: GuestFiles): string[] {
	return [
		...['-nodefaults', '-no-user-config', '-nic', 'none', '-display', 'none', '-no-reboot'],
		...['-M', 'q35,hpet=off', '-m', String(MEMORY_MIB), '-accel', 'tcg,thread=single', '-cpu', 'max,cx16=off'],
		...['-icount', 'shift=0,sleep=off', '-rtc', 'base=2026-01-01T00:00:00,clock=vm', '-seed', '1'],
		...['-serial', `file:${console}`, '-qmp', `unix:${option(monitor)},server=on,wait=off`],
		...['-device', 'i6300esb', '-action', 'watchdog=pause'],
		...['-object', `memory-backend-file,id=shared,mem-path=${option(memory)},size=${SHARED_MEMORY_BYTES},share=on`],
		...['-device', 'ivshmem-plain,memdev=shared,master=on'],
		...['-kernel', kernel, '-append', 'console=ttyS0 quiet panic=-1 tsc=reliable nokaslr norandmaps mitigations=off'],
	];
}

/** A comma ends the value of an option, unless it is doubled. */
const option = (value: string) => value.replaceAll(',', ',,');
