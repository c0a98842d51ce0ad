import type { Recorded } from '../recorded.ts';
import type { LiveListener } from './listen.ts';

/** Tells the scenarios of one file to somebody who looks on. */
export interface Storyteller extends LiveListener {
	/** Time has passed, or something was told. */
	draw(): void;
	/** The file is over: this is what its scenarios recorded. */
	finish(recorded: readonly Recorded[]): void;
}
