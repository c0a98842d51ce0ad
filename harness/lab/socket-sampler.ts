import type { Agent } from '../agent/agent.ts';
import { realTimeInterval, virtualTimeInterval } from '../probes/sampling-interval.ts';
import { SocketProbe, type SsSample } from '../probes/sockets.ts';
import type { HostObserver } from '../timeline/coverage.ts';
import type { EventOf, NodeName } from '../timeline/events.ts';
import { assertSees } from '../timeline/observer-lost.ts';
import { SampledStates } from '../timeline/states.ts';
import type { LabContext } from './context.ts';

/** The boot whose sockets are sampled. */
export interface SampledBoot {
	readonly host: NodeName;
	readonly number: number;
	/** Whether its machine is still running. */
	readonly isRunning: () => boolean;
}

/** Samples the sockets of one boot with `ss`, and records each sample that differs from the one before. */
export class SocketSampler {
	readonly #boot: SampledBoot;
	readonly #context: LabContext;
	readonly #states: SampledStates;
	#probe!: SocketProbe;
	#latest: SsSample = { t: 0, rows: [], unread: [] };
	#latestEvent: EventOf<'sockets'> | undefined;

	/** Starts the probe. No sample is taken before `sample` or `watch` is called. */
	static async start(machine: Agent, boot: SampledBoot, context: LabContext): Promise<SocketSampler> {
		const sampler = new SocketSampler(boot, context);
		const interval = context.virtualTime ? virtualTimeInterval : realTimeInterval;
		sampler.#probe = await SocketProbe.start(machine, context.clock, interval, {
			sample: (sample) => sampler.#onSample(sample),
			lost: (what) => sampler.#lose(what),
		});
		return sampler;
	}

	private constructor(boot: SampledBoot, context: LabContext) {
		this.#boot = boot;
		this.#context = context;
		this.#states = new SampledStates(context.traced);
	}

	/** Records that this observer has started. Without the kernel's trace, it also samples until the boot ends. */
	begin(): void {
		const { history, clock, traced } = this.#context;
		history.started(this.#observer, history.at(clock.now()));
		if (!traced) this.#probe.watch();
	}

	/** The latest sample. */
	get latest(): SsSample {
		return this.#latest;
	}

	/** Takes a sample that begins after this call. Rejects with OBSERVER_LOST if `ss` fails. */
	async sample(): Promise<void> {
		if (!(await this.#probe.sample())) assertSees(this.#context.history, 'what sockets it has', this.#observer);
	}

	/** Samples repeatedly until the returned function is called. */
	watch(): () => void {
		return this.#probe.watch();
	}

	/**
	 * Records the latest sample even if it shows nothing new. An expectation was judged by it, so it is evidence.
	 */
	keepLatest(): void {
		const { history } = this.#context;
		if (this.#latestEvent && !history.of('sockets', this.#boot.host).includes(this.#latestEvent))
			history.add(this.#latestEvent);
	}

	/** Throws OBSERVER_LOST if the latest sample did not show all sockets. */
	assertSeesAll(judged: string): void {
		assertSees(this.#context.history, judged, this.#observer);
	}

	/** Takes a state change from the kernel's trace. The trace ends with CLOSED; `ss` shows a TIME-WAIT after it. */
	onTracedState(event: EventOf<'state'>): void {
		this.#states.trace(event);
		if (event.to === 'CLOSED' && this.#boot.isRunning()) this.sample().catch(() => {});
	}

	get #observer(): HostObserver {
		return { observer: 'ss', host: this.#boot.host };
	}

	#lose(what: string): void {
		const { history } = this.#context;
		if (this.#boot.isRunning() && !history.coverage.openLoss(this.#observer))
			history.lose({ ...this.#observer, what, since: history.coverage.completeUntil(this.#observer) });
	}

	#onSample(sample: SsSample): void {
		const { history } = this.#context;
		if (sample.unread.length > 0) this.#lose(`could not read: ${sample.unread.join(' | ')}`);
		else history.markComplete(this.#observer, history.at(sample.t));
		const event: EventOf<'sockets'> = {
			kind: 'sockets',
			t: history.at(sample.t),
			host: this.#boot.host,
			boot: this.#boot.number,
			rows: [...sample.rows],
		};
		const isNew = comparable(this.#latest) !== comparable(sample);
		this.#latest = sample;
		this.#latestEvent = event;
		for (const state of this.#states.sample(event)) history.add(state);
		if (isNew) history.add(event);
		else history.notify();
	}
}

/** Returns the part of a sample whose change is recorded: everything but the remaining time of timers. */
function comparable({ rows }: SsSample): string {
	return JSON.stringify(
		rows.map(({ state, receiveQueue, sendQueue, local, remote, timer }) => [
			state,
			receiveQueue,
			sendQueue,
			local,
			remote,
			timer?.name,
			timer?.count,
		]),
	);
}
