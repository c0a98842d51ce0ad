import { HalfopenError } from '../errors.ts';
import type { LabContext } from '../lab/context.ts';
import type { EventOf, HostName } from '../timeline/events.ts';

/**
 * Something broken on purpose. It can be mended; what is not mended by the spec is mended at the end of the scenario.
 */
export interface Fault {
	readonly id: string;
	heal(): Promise<void>;
}

export interface FaultDescription {
	readonly id: string;
	readonly what: EventOf<'fault'>['what'];
	readonly host: HostName;
	/** The fault in words. */
	readonly text: string;
}

/** What breaking or mending came to. */
export interface FaultEffect {
	/** When it took effect, seconds of the history; where that is not known better, when it was asked for. */
	readonly t?: number;
	/** What shows that it did, or what the fault did in all. */
	readonly proof?: string;
}

/** What a kind of fault must be able to do. */
export interface FaultWork {
	inject(): Promise<FaultEffect>;
	/** What shows that it took effect at `t`, where that is asked afterwards; throws where it cannot be shown. */
	prove?(t: number): Promise<string>;
	/** Throws FAULT_WITHOUT_EFFECT where the fault turns out to have done nothing. */
	heal(): Promise<FaultEffect>;
}

/** Breaks something, and tells the history when it was broken, what shows that it was, and when it was mended. */
export async function inject<H extends object>(
	context: LabContext,
	{ id, what, host, text }: FaultDescription,
	work: FaultWork,
	more?: H,
): Promise<Fault & H> {
	const { history, clock, actions } = context;
	const now = () => history.at(clock.now());
	const tell = (phase: 'injected' | 'proven' | 'healed', t: number, proof?: string) =>
		history.add({ kind: 'fault', t, host, id, what, phase, text, ...(proof !== undefined && { proof }) });
	const asked = now();
	let healed: Promise<void> | undefined;
	let told = false;
	let isBroken = false;
	const mend = () => {
		healed ??= (async () => {
			const askedToHeal = now();
			const { t, proof } = await actions.during(() => work.heal());
			if (isBroken) tell('healed', t ?? askedToHeal, proof);
		})();
		return healed;
	};
	const heal = () => {
		told = true;
		return mend();
	};
	// Before it is broken: what breaks half must be mended, too. Whoever healed it himself was told how that went.
	context.onEnd(() => (told ? mend().catch(() => {}) : mend()));
	const { t = asked, proof } = await actions.during(() => work.inject());
	tell('injected', t);
	isBroken = true;
	const shown = proof ?? (await actions.during(async () => work.prove?.(t)));
	if (shown !== undefined) tell('proven', now(), shown);
	return Object.assign({ id, heal }, more as H);
}

/** A fault that broke nothing makes every expectation behind it worthless. */
export function withoutEffect(text: string, seen: string): HalfopenError {
	return new HalfopenError('FAULT_WITHOUT_EFFECT', {
		problem: `The fault “${text}” had no effect.`,
		seen,
		remedy: 'Check that it matches what was sent (direction, port, flags), and that it was injected in time.',
	});
}
