import {
	type AggregatedResult,
	type Config,
	DefaultReporter,
	type Reporter,
	type ReporterOnStartOptions,
	VerboseReporter,
} from '@jest/reporters';
import { logWaits } from './log-waits.ts';
import { RunningScenarios } from './running-scenarios.ts';
import { type Subscription, subscribeLive } from './subscribe.ts';
import { TerminalBlock } from './terminal-block.ts';
import { isDrawnInPlace, sizeOf } from './terminal-kind.ts';
import { waitLines } from './wait-lines.ts';

const MOST_LINES = 8;
/** What Jest’s own block takes besides a line for each worker: empty lines, the summary, a bar. */
const SUMMARY_LINES = 8;

type Output = new (config: Config.GlobalConfig) => DefaultReporter;

/**
 * Jest’s own output, with what scenarios wait for: below the block that Jest keeps at the end of a terminal, or as
 * plain lines where there is none. Jest chooses its reporter `default` by `verbose`, so this is a function that chooses
 * likewise; Jest calls it with `new`.
 */
export default function JestOutput(config: Config.GlobalConfig): Reporter {
	return new (withWaits(config.verbose === true ? VerboseReporter : DefaultReporter))(config);
}

function withWaits(Base: Output): Output {
	return class extends Base {
		readonly #block = new TerminalBlock();
		readonly #running = new RunningScenarios();
		readonly #write: (text: string) => void;
		#ears: Subscription | undefined;
		#endLog: (() => void) | undefined;

		constructor(config: Config.GlobalConfig) {
			// Jest’s reporter puts itself between others and the terminal; its block is written past that.
			const stream = config.useStderr ? process.stderr : process.stdout;
			const write = stream.write.bind(stream);
			super(config);
			this.#write = (text) => void (text !== '' && write(text));
		}

		override async onRunStart(results: AggregatedResult, options: ReporterOnStartOptions): Promise<void> {
			super.onRunStart(results, options);
			this.#ears = await subscribeLive('waits', this.#running);
			if (this.#ears && !isDrawnInPlace(process.stdout))
				this.#endLog = logWaits(this.#running, (line) => this.log(line));
		}

		override onRunComplete(): void {
			this.#ears?.close();
			this.#endLog?.();
			// What stands there is taken back with Jest’s own block.
			this.#ears = undefined;
			super.onRunComplete();
		}

		protected override __clearStatus(): void {
			this.#write(this.#block.erased());
			super.__clearStatus();
		}

		protected override __printStatus(): void {
			super.__printStatus();
			if (this.#ears && isDrawnInPlace(process.stdout)) this.#write(this.#block.drawn(this.#lines()));
		}

		#lines(): string[] {
			const { columns, rows } = sizeOf(process.stdout);
			// A block that is taller than the terminal could not be taken back.
			const room = rows - SUMMARY_LINES - this._globalConfig.maxWorkers - 1;
			return waitLines(this.#running.longest(), { width: columns - 1, most: Math.min(MOST_LINES, room) });
		}
	};
}
