import { runCommand } from '../../util/run-command.ts';

const defaultMirror = 'http://deb.debian.org/debian';

/** Returns the Debian mirrors to try, in this order: those of this machine, then Debian's own. */
export async function debianMirrors(): Promise<string[]> {
	return [...new Set([...(await mirrorsOfThisMachine()), defaultMirror])];
}

/** Returns the Debian mirrors in apt's configuration. On Ubuntu there are none. */
async function mirrorsOfThisMachine(): Promise<string[]> {
	const filters = ['--format', '$(REPO_URI)', 'Created-By: Packages', 'Origin: Debian', 'Label: Debian'];
	const { succeeded, out } = await runCommand(['apt-get', 'indextargets', ...filters]);
	const uris = succeeded ? out.split('\n') : [];
	return uris.filter((uri) => /^https?:/.test(uri)).map((uri) => uri.replace(/\/$/, ''));
}
