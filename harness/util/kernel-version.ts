/**
 * Whether a kernel release (`6.1.0-50-cloud-amd64`, as in `uname -r`) is at least this version of Linux (`6.5`,
 * `5.14`).
 */
export function isAtLeast(release: string, version: string): boolean {
	const [major = 0, minor = 0] = numbersOf(release);
	const [wantedMajor = 0, wantedMinor = 0] = numbersOf(version);
	return major > wantedMajor || (major === wantedMajor && minor >= wantedMinor);
}

const numbersOf = (text: string) => text.split('.').map((part) => Number.parseInt(part, 10));
