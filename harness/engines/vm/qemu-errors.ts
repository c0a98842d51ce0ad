import { HalfopenError } from '../../errors.ts';
import { kernelsFolder } from '../../kernels/cache.ts';
import { diskFull } from '../../kernels/cache-errors.ts';

const LAST_LINES = 15;

/** Whether the error is ENGINE_GONE: QEMU has ended. */
export const isGone = (error: unknown): boolean => error instanceof HalfopenError && error.code === 'ENGINE_GONE';

/** Returns ENGINE_REFUSED: QEMU ended before its monitor could be reached. */
export function notStarted(output: string): HalfopenError {
	return new HalfopenError('ENGINE_REFUSED', {
		problem: 'QEMU did not start.',
		seen: output,
		remedy:
			`If QEMU refuses the kernel, the image is broken: remove its folder in ${kernelsFolder()}, and fetch it again ` +
			'(`npm run kernels`). If not, run `npm run setup -- --vm`; QEMU must be 7.2 or later.',
	});
}

/** Returns GUEST_LOST: the guest has not answered in time. */
export function notAnswering(limitMs: number, console: string): HalfopenError {
	return lost(
		`A guest did not answer for ${limitMs / 1_000} s.`,
		console,
		'Read the guest’s console above. A kernel of your own needs a serial console and everything in ' +
			'harness/kernels/wanted-modules.ts, built in or as modules.',
	);
}

/** Returns GUEST_LOST: QEMU ended during a scenario, killed by a signal or because the guest's kernel panicked. */
export function ended(signal: NodeJS.Signals | null, console: string): HalfopenError {
	return signal
		? lost(
				`A guest ended: ${signal} killed its QEMU.`,
				console,
				'Find out who killed it. If memory ran out, the kernel did, and its log (dmesg) says so.',
			)
		: lost(
				'A guest ended by itself.',
				console,
				'Read the guest’s console above: the kernel panicked, or its init process ended.',
			);
}

function lost(problem: string, console: string, remedy: string): HalfopenError {
	const lines = console.trimEnd().split(/\r?\n/);
	const last = lines.slice(-LAST_LINES);
	// The output after a panic is long, so the line of the panic itself may be above the last lines.
	const panic = lines.slice(0, -LAST_LINES).findLast((line) => line.includes('Kernel panic'));
	const shown = panic === undefined ? last : [panic, '…', ...last];
	return new HalfopenError('GUEST_LOST', {
		problem,
		seen: `the last lines of its console:\n${shown.join('\n')}`,
		remedy,
	});
}

/** Returns SNAPSHOT_UNUSABLE, or DISK_FULL if the disk is the reason that a snapshot could not be saved or restored. */
export function unusable(what: 'saved' | 'restored', output: string): HalfopenError {
	const full = diskFullIn(output);
	if (full) return full;
	return new HalfopenError('SNAPSHOT_UNUSABLE', {
		problem: what === 'saved' ? 'A guest could not be saved.' : 'A saved guest could not be restored.',
		seen: output,
		remedy:
			what === 'saved'
				? 'Check the disk that holds the cache.'
				: 'Run the tests again: a snapshot that cannot be restored is removed and created again.',
	});
}

/** Returns DISK_FULL if a program's output says that the disk is full. */
export function diskFullIn(output: string): HalfopenError | undefined {
	return /No space left on device|Disk quota exceeded/.test(output) ? diskFull(output) : undefined;
}
