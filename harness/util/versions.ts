/**
 * Compares two versions of Debian packages (deb-version(7)): negative if `a` is older than `b`, 0 if they are equal.
 * Digits compare as numbers, letters sort before other characters, and `~` sorts before everything, even the end of the
 * version: 1.0~rc1 is older than 1.0.
 */
export function compareVersions(a: string, b: string): number {
	const [mine, other] = [partsOf(a), partsOf(b)];
	return (
		mine.epoch - other.epoch ||
		compareStrings(mine.upstream, other.upstream) ||
		compareStrings(mine.revision, other.revision)
	);
}

/**
 * Whether a kernel release (`6.1.0-50-cloud-amd64`, as in `uname -r`) is at least this version of Linux (`6.5`,
 * `5.14`).
 */
export function isAtLeast(release: string, version: string): boolean {
	return compareVersions(majorAndMinor(release), majorAndMinor(version)) >= 0;
}

const majorAndMinor = (text: string) => /^\d+(\.\d+)?/.exec(text)?.[0] ?? '';

function partsOf(version: string): { epoch: number; upstream: string; revision: string } {
	const [, epoch = '0', upstream = '', revision = ''] = /^(?:(\d+):)?(.*?)(?:-([^-]*))?$/s.exec(version) ?? [];
	return { epoch: Number(epoch), upstream, revision };
}

/** Compares non-digits and digits in turn. */
function compareStrings(a: string, b: string): number {
	let [restOfA, restOfB] = [a, b];
	while (restOfA !== '' || restOfB !== '') {
		const [signsA = '', digitsA = ''] = /^(\D*)(\d*)/.exec(restOfA)?.slice(1) ?? [];
		const [signsB = '', digitsB = ''] = /^(\D*)(\d*)/.exec(restOfB)?.slice(1) ?? [];
		const difference = compareSigns(signsA, signsB) || Number(digitsA) - Number(digitsB);
		if (difference !== 0) return difference;
		restOfA = restOfA.slice(signsA.length + digitsA.length);
		restOfB = restOfB.slice(signsB.length + digitsB.length);
	}
	return 0;
}

function compareSigns(a: string, b: string): number {
	for (let index = 0; index < Math.max(a.length, b.length); index += 1) {
		const difference = weightOf(a[index]) - weightOf(b[index]);
		if (difference !== 0) return difference;
	}
	return 0;
}

function weightOf(sign: string | undefined): number {
	if (sign === undefined) return 0;
	if (sign === '~') return -1;
	const code = sign.charCodeAt(0);
	return /[A-Za-z]/.test(sign) ? code : code + 0x10000;
}
