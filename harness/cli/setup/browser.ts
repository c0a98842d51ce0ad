import { HalfopenError } from '../../errors.ts';
import { findProgram } from './commands.ts';
import { installPackages } from './packages.ts';
import { say } from './steps.ts';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome'];

/** Returns the path of a Chromium with any of its names, or undefined if there is none. */
export async function findBrowser(): Promise<string | undefined> {
	for (const name of NAMES) {
		const path = await findProgram(name);
		if (path !== undefined) return path;
	}
	return undefined;
}

/** Finds or installs a Chromium. Only the test of `reports/index.html` needs it. */
export async function ensureBrowser(): Promise<string> {
	const found = await findBrowser();
	if (found !== undefined) {
		say(`* found ${found}`);
		return found;
	}
	await installPackages(['chromium'], 'Chromium, which the test of reports/index.html needs, is not installed');
	const installed = await findBrowser();
	if (installed !== undefined) return installed;
	throw new HalfopenError('SETUP_FAILED', {
		problem: `The package chromium is installed, but none of these programs is in the PATH: ${NAMES.join(', ')}.`,
		remedy: 'Add the folder of the browser to the PATH: `dpkg -L chromium` lists the files of the package.',
	});
}
