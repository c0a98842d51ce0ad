import { Command } from 'commander';
import { withEngineErrors } from '../engines/docker/engine-errors.ts';
import { HalfopenError } from '../errors.ts';
import { isFileError } from '../kernels/cache-errors.ts';
import { ENGINE_VARIABLE, runnerNamed } from '../run/choose-engine.ts';
import { ensureBrowser } from './setup/browser.ts';
import { ensureCompose } from './setup/compose.ts';
import { ensureEngine } from './setup/docker-engine.ts';
import { ensureGuests } from './setup/guests.ts';
import { ensureHostImage } from './setup/image.ts';
import { ensureNamespaces } from './setup/namespaces.ts';
import { say } from './setup/steps.ts';
import { ensureTrace } from './setup/trace.ts';

const command = new Command('npm run setup --')
	.description('Prepares this machine for labs. Prints each step, and skips what is already done.')
	.option('--vm', 'prepare for virtual machines with kernels of your choice (the same as HALFOPEN_ENGINE=vm)')
	.option('--browser', 'also install Chromium, which the test of reports/index.html needs')
	.action((options: { browser?: boolean; vm?: boolean }) => setup(options.vm === true, options.browser === true));

async function setup(forGuests: boolean, withBrowser: boolean): Promise<void> {
	const engine = forGuests ? 'vm' : process.env[ENGINE_VARIABLE] || 'docker';
	const hosts = await ensureHosts(engine);
	// Guests have their own tracefs.
	const traced = engine === 'vm' ? [] : [(await ensureTrace()) ? 'states traced by the kernel' : 'states sampled'];
	const browser = withBrowser ? [await ensureBrowser()] : [];
	say(`ready: ${[...hosts, ...traced, ...browser].join(', ')}`);
}

/** Installs what hosts of this engine need, and nothing else. Returns what is ready, for the last message. */
async function ensureHosts(engine: string): Promise<string[]> {
	const { name } = await runnerNamed(engine);
	if (name === 'vm') return [await ensureGuests()];
	if (name === 'netns') return [await ensureNamespaces()];
	const { docker, title } = await ensureEngine();
	const image = await withEngineErrors('finding or building the host image', () => ensureHostImage(docker));
	const compose = await ensureCompose();
	return [title, image, compose?.title ?? 'no compose'];
}

try {
	await command.parseAsync();
} catch (error) {
	process.stderr.write(`${messageOf(error)}\n`);
	process.exitCode = 1;
}

/** The message of an expected error, or the stack of any other. */
function messageOf(error: unknown): string {
	if (isFileError(error)) {
		return new HalfopenError('SETUP_FAILED', {
			problem: 'A file cannot be written.',
			seen: error.message,
			remedy: 'Free space on that disk, or let this user write to it. Then run `npm run setup` again.',
		}).message;
	}
	if (error instanceof HalfopenError) return error.message;
	return String(error instanceof Error ? error.stack : error);
}
