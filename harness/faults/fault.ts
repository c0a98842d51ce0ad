import { HalfopenError, toError } from '../errors.ts';
import type { LabContext } from '../lab/context.ts';
import type { EventOf, MachineName } from '../timeline/events.ts';

/**
 * Something that a spec has broken on purpose. `heal` undoes it. The lab heals what is still broken at the end of the
 * scenario.
 */
export interface Fault {
	/** Its name in the timeline and in patterns: `drop-1`, or the name that the spec gave it. */
	readonly id: string;
	/**
	 * Undoes exactly what this fault did. Rejects if that fails; then the timeline does not show the fault as healed.
	 * Later calls have the result of the first.
	 */
	heal(): Promise<void>;
}

export interface FaultDescription {
	readonly id: string;
	readonly what: EventOf<'fault'>['what'];
	readonly host: MachineName;
	/** A description for the timeline. */
	readonly text: string;
}

/** The result of injecting or healing a fault. */
export interface FaultEffect {
	/** The time when it took effect, in seconds of the history. Default: the time of the request. */
	readonly t?: number;
	/** Evidence that it took effect or, when it is healed, a summary of its effects. */
	readonly proof?: string;
}

/** The work of one kind of fault. */
export interface FaultWork {
	/** If it rejects, it has undone everything, or the error names what is left (`undoAfter`). */
	inject(): Promise<FaultEffect>;
	/** Returns evidence that the fault took effect at `t`, if that takes further work. Rejects if there is none. */
	prove?(t: number): Promise<string>;
	/**
	 * Undoes everything that is still in force. Rejects with FAULT_WITHOUT_EFFECT if the fault has done nothing. Also
	 * called at the end of the scenario if `inject` has rejected.
	 */
	heal(): Promise<FaultEffect>;
}

/**
 * Injects a fault, and records when it was injected, what proves it, and when it was healed. Makes sure that it is
 * healed at the end of the scenario.
 *
 * @param more further members of the returned fault
 */
export async function inject<H extends object>(
	context: LabContext,
	{ id, what, host, text }: FaultDescription,
	work: FaultWork,
	more?: H,
): Promise<Fault & H> {
	const { history, clock, actions } = context;
	const now = () => history.at(clock.now());
	const record = (phase: 'injected' | 'proven' | 'healed', t: number, proof?: string) =>
		history.add({ kind: 'fault', t, host, id, what, phase, text, ...(proof !== undefined && { proof }) });
	const requestedAt = now();
	let healing: Promise<void> | undefined;
	let healedBySpec = false;
	let isInjected = false;
	const healOnce = () => {
		healing ??= (async () => {
			const healRequestedAt = now();
			const { t, proof } = await actions.during(() => work.heal());
			if (isInjected) record('healed', t ?? healRequestedAt, proof);
		})();
		return healing;
	};
	const heal = () => {
		healedBySpec = true;
		return healOnce();
	};
	// Registered before the injection, because a fault that was injected only in part must be healed, too. If the spec
	// has healed the fault, it has already got the error.
	context.onEnd(() => (healedBySpec ? healOnce().catch(() => {}) : healOnce()));
	const { t = requestedAt, proof } = await actions.during(() => work.inject());
	record('injected', t);
	isInjected = true;
	const shown = proof ?? (await actions.during(async () => work.prove?.(t)));
	if (shown !== undefined) record('proven', now(), shown);
	return Object.assign({ id, heal }, more as H);
}

/**
 * Undoes the first part of an injection after the rest has failed. Returns the error to throw, which names what is
 * left.
 */
export async function undoAfter(error: unknown, undo: () => Promise<unknown>): Promise<unknown> {
	try {
		await undo();
		return error;
	} catch (undoError) {
		return withFurther(error, [undoError]);
	}
}

/**
 * Runs all steps one after the other, also after one of them has failed, so that a failure leaves as little as
 * possible. Then throws the first error, with the others in its evidence.
 */
export async function runAll(...steps: readonly (() => Promise<unknown>)[]): Promise<void> {
	const failures: unknown[] = [];
	for (const step of steps) await step().catch((error: unknown) => failures.push(error));
	if (failures.length > 0) throw withFurther(failures[0], failures.slice(1));
}

/** Returns an error with the messages of further errors in its evidence. */
export function withFurther(error: unknown, further: readonly unknown[]): unknown {
	if (!(error instanceof HalfopenError) || further.length === 0) return error;
	const { code, problem, seen, remedy } = error;
	return new HalfopenError(code, {
		problem,
		seen: [seen?.trimEnd(), ...further.map((other) => `then: ${toError(other).message}`)].filter(Boolean).join('\n'),
		remedy,
		cause: error,
	});
}

/** Returns the error for a fault that had no effect. Expectations after such a fault would prove nothing. */
export function withoutEffect(text: string, seen: string): HalfopenError {
	return new HalfopenError('FAULT_WITHOUT_EFFECT', {
		problem: `The fault “${text}” had no effect.`,
		seen,
		remedy: 'Check that it matches what was sent (direction, port, flags), and that it was injected in time.',
	});
}
