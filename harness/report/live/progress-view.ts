import type { RecordedScenario } from '../recorded.ts';
import type { LiveSubscriber } from './subscribe.ts';

/** Tells the scenarios of one file to somebody who looks on. */
export interface ProgressView extends LiveSubscriber {
	/** Time has passed, or something was told. */
	draw(): void;
	/** The file is over: this is what its scenarios recorded. */
	finish(recorded: readonly RecordedScenario[]): void;
}
