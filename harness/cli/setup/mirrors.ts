import { execa } from 'execa';

const defaultMirror = 'http://deb.debian.org/debian';

/** Debian mirrors to try in turn: this machine's own, then Debian's. */
export async function debianMirrors(): Promise<string[]> {
	return [...new Set([...(await mirrorsOfThisMachine()), defaultMirror])];
}

/** The Debian mirrors in apt's configuration. On Ubuntu there are none. */
async function mirrorsOfThisMachine(): Promise<string[]> {
	const filters = ['--format', '$(REPO_URI)', 'Created-By: Packages', 'Origin: Debian', 'Label: Debian'];
	const { stdout, failed } = await execa('apt-get', ['indextargets', ...filters], { reject: false, lines: true });
	return failed ? [] : stdout.filter((uri) => /^https?:/.test(uri)).map((uri) => uri.replace(/\/$/, ''));
}
