import { Command } from 'commander';
import { asking } from '../engines/docker/engine-errors.ts';
import { HalfopenError } from '../errors.ts';
import { ensureBrowser } from './setup/browser.ts';
import { ensureCompose } from './setup/compose.ts';
import { ensureEngine } from './setup/engine.ts';
import { ensureHostImage } from './setup/image.ts';
import { say } from './setup/steps.ts';
import { ensureTrace } from './setup/trace.ts';

const command = new Command('npm run setup --')
	.description('Makes this machine ready for labs. Does only what is missing, and says it first.')
	.option('--browser', 'also install Chromium, in which the test of reports/index.html tries the page')
	.action(({ browser }: { browser?: boolean }) => setup(browser === true));

async function setup(withBrowser: boolean): Promise<void> {
	const engine = await ensureEngine();
	const image = await asking('the host image was looked for and made', () => ensureHostImage(engine.docker));
	const traced = await ensureTrace();
	const compose = await ensureCompose();
	const browser = withBrowser ? [await ensureBrowser()] : [];
	const states = traced ? 'states traced by the kernel' : 'states sampled';
	say(`ready: ${[engine.title, image, states, compose?.title ?? 'no compose', ...browser].join(', ')}`);
}

try {
	await command.parseAsync();
} catch (error) {
	process.stderr.write(`${error instanceof HalfopenError ? error.message : error instanceof Error ? error.stack : error}\n`);
	process.exitCode = 1;
}
