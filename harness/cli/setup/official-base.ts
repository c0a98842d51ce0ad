import type Dockerode from 'dockerode';
import { follow, reasonOf } from './engine-answers.ts';
import { step } from './steps.ts';

export const officialBase = 'debian:trixie-slim';
const secondsForTheRegistry = 15;
const secondsWithoutProgress = 60;

/** Pulls the official image. If no registry answers in time, prints the reason and returns false. */
export async function pullOfficialBase(docker: Dockerode): Promise<boolean> {
	return step(`Pulling ${officialBase} (the registry has ${secondsForTheRegistry} s to answer)`, async (progress) => {
		const timeout = new ProgressTimeout(secondsForTheRegistry);
		try {
			const answer = await docker.pull(officialBase, { abortSignal: timeout.signal });
			await follow(answer, ({ id, status }) => {
				timeout.renew(secondsWithoutProgress);
				progress.busy([id, status].filter(Boolean).join(' '));
			});
			return true;
		} catch (error) {
			const reason = timeout.signal.aborted ? 'it does not answer' : reasonOf(error);
			progress.line(`no image from the registry (${reason}): building a base from Debian packages instead`);
			return false;
		} finally {
			timeout.end();
		}
	});
}

/** An AbortSignal that is aborted when no progress is reported for some seconds. */
class ProgressTimeout {
	readonly #controller = new AbortController();
	#timer: NodeJS.Timeout | undefined;

	constructor(seconds: number) {
		this.renew(seconds);
	}

	get signal(): AbortSignal {
		return this.#controller.signal;
	}

	renew(seconds: number): void {
		this.end();
		this.#timer = setTimeout(() => this.#controller.abort(), seconds * 1000);
	}

	end(): void {
		clearTimeout(this.#timer);
	}
}
