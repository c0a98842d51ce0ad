import { type ErrorCode, HalfopenError } from '../errors.ts';
import type { Measure } from '../timeline/timeline-file.ts';

/** Collects the durations that one scenario measures. Their names are unique. */
export class MeasureCollector {
	readonly #measures: Measure[] = [];

	/** The field `measures` of the timeline. Absent if nothing was measured. */
	get timelineField(): { readonly measures?: Measure[] } {
		return this.#measures.length === 0 ? {} : { measures: [...this.#measures] };
	}

	/** Rounds to microseconds. Throws NAME_INVALID, NAME_TAKEN, or OPTION_INVALID if `seconds` is not a duration. */
	add(what: string, seconds: number): void {
		const refuse = (code: ErrorCode, problem: string, remedy: string) => {
			throw new HalfopenError(code, {
				problem,
				seen: `measured(${JSON.stringify(what)}, ${seconds})`,
				remedy,
			});
		};
		if (what.trim() === '')
			refuse(
				'NAME_INVALID',
				'The name of a duration is empty.',
				'Name what took this time, and the settings that decide it.',
			);
		if (!Number.isFinite(seconds) || seconds < 0) {
			refuse(
				'OPTION_INVALID',
				`The duration “${what}” is not a number of seconds, 0 or more.`,
				'Compute the seconds from two recorded times. NaN usually means that one of them was not recorded.',
			);
		}
		if (this.#measures.some((measure) => measure.what === what))
			refuse(
				'NAME_TAKEN',
				`The duration “${what}” was measured twice.`,
				'Measure it once, or give the second one another name.',
			);
		this.#measures.push({ what, seconds: Number(seconds.toFixed(6)) });
	}
}
