import { join } from 'node:path';
import { SHARED_MEMORY_BYTES } from './shared-memory.ts';

/** The program's name, looked up in PATH. */
export const QEMU = 'qemu-system-x86_64';
const MEMORY_MIB = 768;

/** Returns the paths of the files of one guest, in the run's folder. */
export const filesOf = (folder: string, name: string) => ({
	console: join(folder, `${name}.console`),
	monitor: join(folder, `${name}.monitor`),
	memory: join(folder, `${name}.memory`),
});

export type GuestFiles = ReturnType<typeof filesOf>;

/**
 * Returns QEMU's command line. The guest's clock counts instructions, one per nanosecond, and jumps to the next timer
 * when the processor is idle (`icount`). Nothing in the guest depends on time outside. cmpxchg16b is disabled, because
 * QEMU 7.2 emulates it wrongly at random. HPET is disabled, because QEMU 10 would stop at every tick of an idle clock.
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

/** Escapes the value of an option. A comma would end it, unless it is doubled. */
const option = (value: string) => value.replaceAll(',', ',,');
