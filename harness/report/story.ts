import type { AggregatedResult, Reporter, Test, TestResult } from '@jest/reporters';
import { addVerdicts } from '../claims/verdicts.ts';
import { fromProjectRoot, specName } from './artifacts.ts';
import { renderLadder } from './ladder/index.ts';
import { CLAIMS_FILE, type Recorded, recordedBy, verdictsIn } from './recorded.ts';
import { hasColour, widthOf } from './terminal.ts';

const WIDTHS = { least: 80, most: 160 };
const TICK_MS = 1_000;

/** The reporter behind `npm start`: a line while it runs, then what happened as a ladder, with the question and the observed answer. */
export default class StoryReporter implements Reporter {
	#error: Error | undefined;
	#ticking: NodeJS.Timeout | undefined;

	onTestFileStart(test: Test): void {
		const name = specName(test.path);
		if (process.stderr.isTTY !== true) {
			process.stderr.write(`${name}: running on two hosts …\n`);
			return;
		}
		let seconds = 0;
		const tick = () => process.stderr.write(`\r\u001b[K${name}: running on two hosts … ${seconds++} s`);
		tick();
		this.#ticking = setInterval(tick, TICK_MS).unref();
	}

	async onTestFileResult(_test: Test, result: TestResult, { startTime }: AggregatedResult): Promise<void> {
		this.#stopTicking();
		try {
			const recorded = await recordedBy(result, startTime);
			for (const each of recorded) tell(each);
			const verdicts = verdictsIn(recorded);
			if (verdicts.length > 0) await addVerdicts(CLAIMS_FILE, verdicts);
		} catch (error) {
			this.#error = error instanceof Error ? error : new Error(String(error));
			process.stderr.write(`\n${this.#error.message}\n`);
		}
		if (result.failureMessage) process.stderr.write(`${result.failureMessage}\n`);
	}

	onRunComplete(): void {
		this.#stopTicking();
	}

	getLastError(): Error | undefined {
		return this.#error;
	}

	#stopTicking(): void {
		if (this.#ticking === undefined) return;
		clearInterval(this.#ticking);
		this.#ticking = undefined;
		process.stderr.write('\r\u001b[K');
	}
}

function tell({ timeline, folder }: Recorded): void {
	const ladder = renderLadder(timeline, { width: widthOf(process.stdout, WIDTHS), colour: hasColour(process.stdout) });
	process.stdout.write(`\n${ladder}\n  Timeline, ladder and captures for Wireshark:\n  ${fromProjectRoot(folder)}/\n\n`);
}
