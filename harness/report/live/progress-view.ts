import type { RecordedScenario } from '../recorded.ts';
import type { LiveSubscriber } from './subscribe.ts';

/** Shows the scenarios of one file while they run. */
export interface ProgressView extends LiveSubscriber {
	/** Called after a message, and once a second. */
	draw(): void;
	/** Called once, when the file is over, with what its scenarios recorded. */
	finish(recorded: readonly RecordedScenario[]): void;
}
