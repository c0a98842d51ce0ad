import { asking } from '../engines/docker/engine-errors.ts';
import { HalfopenError } from '../errors.ts';
import { ensureCompose } from './setup/compose.ts';
import { ensureEngine } from './setup/engine.ts';
import { ensureHostImage } from './setup/image.ts';
import { say } from './setup/steps.ts';
import { ensureTrace } from './setup/trace.ts';

/** Makes this machine ready for labs. Does only what is missing, and says it first. */
async function setup(): Promise<void> {
	const engine = await ensureEngine();
	const image = await asking('the host image was looked for and made', () => ensureHostImage(engine.docker));
	const traced = await ensureTrace();
	const compose = await ensureCompose();
	say(`ready: ${[engine.title, image, traced ? 'states traced by the kernel' : 'states sampled', compose?.title ?? 'no compose'].join(', ')}`);
}

try {
	await setup();
} catch (error) {
	process.stderr.write(`${error instanceof HalfopenError ? error.message : error instanceof Error ? error.stack : error}\n`);
	process.exitCode = 1;
}
