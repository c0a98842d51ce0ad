import type { TimelineFile } from '../../timeline/timeline-file.ts';
import { artifactsFolder } from '../artifacts.ts';
import type { RecordedScenario } from '../recorded.ts';
import { cut } from '../text-format.ts';
import type { Began, LiveMessage } from './messages.ts';
import type { ProgressView } from './progress-view.ts';
import { questionLines } from './question-lines.ts';
import { filesIn, type Renderer } from './renderer.ts';
import { RunningScenarios } from './running-scenarios.ts';
import { Screen, type Size } from './screen.ts';
import { isWorthALine, waitText } from './wait-lines.ts';

/** The options of a terminal view. */
export interface TerminalViewOptions {
	readonly write: (text: string) => void;
	readonly size: () => Size;
	/** Called for each drawing, because the width of a terminal may change. */
	readonly renderer: () => Renderer;
	/** The reader's clock, in ms. */
	readonly now?: () => number;
}

/** A scenario of the view. */
interface ShownScenario {
	readonly began: Began;
	/** Its beginning, by `now`. */
	readonly since: number;
	timeline?: TimelineFile;
	/** `timeline` is the final one. */
	finished: boolean;
	/** Its connection is closed. */
	gone: boolean;
}

/**
 * Shows the scenarios of one file on a terminal. One scenario is drawn while it runs. Scenarios that run at the same
 * time are drawn afterwards, in the order of their beginnings.
 */
export class TerminalView implements ProgressView {
	readonly #scenarios = new Map<number, ShownScenario>();
	readonly #running: RunningScenarios;
	readonly #screen: Screen;
	readonly #write: (text: string) => void;
	readonly #renderer: () => Renderer;
	readonly #now: () => number;
	/** The titles of scenarios that were drawn completely. */
	readonly #drawn = new Set<string>();

	constructor({ write, size, renderer, now = () => performance.now() }: TerminalViewOptions) {
		this.#screen = new Screen(write, size);
		this.#write = write;
		this.#renderer = renderer;
		this.#now = now;
		this.#running = new RunningScenarios(now);
	}

	received(scenario: number, message: LiveMessage): void {
		this.#running.received(scenario, message);
		if (message.kind === 'began') {
			this.#scenarios.set(scenario, { began: message, since: this.#now(), finished: false, gone: false });
			return;
		}
		const shown = this.#scenarios.get(scenario);
		if (shown === undefined || (message.kind !== 'snapshot' && message.kind !== 'finished')) return;
		shown.timeline = message.timeline;
		shown.finished = message.kind === 'finished';
	}

	disconnected(scenario: number): void {
		this.#running.disconnected(scenario);
		const shown = this.#scenarios.get(scenario);
		if (shown !== undefined) shown.gone = true;
	}

	/** Draws the current state. */
	draw(): void {
		for (const [scenario, shown] of this.#scenarios) {
			if (!shown.finished && !shown.gone) {
				this.#screen.show(['', ...this.#picture(shown), '', this.#status(scenario, shown)]);
				return;
			}
			this.#leave(scenario, shown);
		}
	}

	finish(recorded: readonly RecordedScenario[]): void {
		for (const [scenario, shown] of this.#scenarios) {
			const timeline = recorded.find((each) => each.timeline.scenario === shown.began.scenario)?.timeline;
			if (timeline !== undefined) Object.assign(shown, { timeline, finished: true });
			this.#leave(scenario, shown);
		}
		// Scenarios that were not drawn completely, for whatever reason.
		for (const { timeline, folder } of recorded) {
			if (!this.#drawn.has(timeline.scenario))
				this.#write(['', ...this.#renderer().ladder(timeline), ...filesIn(folder)].join('\n'));
		}
	}

	#leave(scenario: number, shown: ShownScenario): void {
		const { scenario: name } = shown.began;
		this.#scenarios.delete(scenario);
		this.#screen.finish(['', ...this.#picture(shown)]);
		if (shown.finished) this.#drawn.add(name);
		this.#write(shown.finished && shown.timeline ? filesIn(artifactsFolder(shown.timeline)).join('\n') : '\n');
	}

	#picture({ began, timeline }: ShownScenario): string[] {
		const { width, paint, ladder } = this.#renderer();
		return timeline === undefined ? questionLines(began, width, paint) : ladder(timeline);
	}

	#status(scenario: number, { since, timeline }: ShownScenario): string {
		const { width, paint } = this.#renderer();
		const wait = this.#running.longestOf(scenario);
		const seconds = `${Math.floor((this.#now() - since) / 1_000)} s`;
		const beside = [...this.#scenarios.values()].filter(({ gone }) => !gone).length - 1;
		const others = beside === 0 ? '' : ` · ${beside} more beside it`;
		const doing = `${timeline === undefined ? 'making two hosts' : 'running'}, ${seconds} so far`;
		const room = width - 4 - others.length;
		const text = wait !== undefined && isWorthALine(wait) ? waitText(wait, room) : doing;
		return paint('wait', cut(`  ⋯ ${text}${others}`, width));
	}
}
