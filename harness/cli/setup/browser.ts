import { HalfopenError } from '../../errors.ts';
import { findProgram } from './commands.ts';
import { installPackages } from './packages.ts';
import { say } from './steps.ts';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome'];

/** Where a Chromium is, by whatever name, or undefined. */
export async function findBrowser(): Promise<string | undefined> {
	for (const name of NAMES) {
		const path = await findProgram(name);
		if (path !== undefined) return path;
	}
	return undefined;
}

/**
 * A Chromium, which only the test of `reports/index.html` needs: the one that is there, or the distribution's, which is
 * installed.
 */
export async function ensureBrowser(): Promise<string> {
	const found = await findBrowser();
	if (found !== undefined) {
		say(`* ${found} is there`);
		return found;
	}
	await installPackages(['chromium'], 'No Chromium is installed, in which the page of reports is tried');
	const installed = await findBrowser();
	if (installed !== undefined) return installed;
	throw new HalfopenError('SETUP_FAILED', {
		problem: `chromium was installed, but there is none of ${NAMES.join(', ')}`,
		remedy: 'see what `dpkg -L chromium` says',
	});
}
