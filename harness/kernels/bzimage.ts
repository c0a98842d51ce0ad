/** The number of bytes of an image that are needed to find its release. */
export const HEAD_BYTES = 65_536;

/**
 * Returns the release of the kernel in a bzImage, from its first bytes (Documentation/arch/x86/boot.rst). Returns
 * undefined if it is not a bzImage.
 */
export function releaseOfImage(head: Buffer): string | undefined {
	if (head.length < 0x210 || head.toString('latin1', 0x202, 0x206) !== 'HdrS') return undefined;
	const start = 0x200 + head.readUInt16LE(0x20e);
	const [, release] = /^([\w.+~-]+)[ \0]/.exec(head.toString('latin1', start, start + 256)) ?? [];
	return release;
}
