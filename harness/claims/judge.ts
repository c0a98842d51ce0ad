import { HalfopenError } from '../errors.ts';
import type { Verdict } from '../timeline/timeline-file.ts';
import type { ClaimId } from './catalogue.ts';

/** Why it is so: one or two sentences with the reason, for either verdict. */
export interface VerdictNotes {
	readonly holds: string;
	readonly differs: string;
}

/** Collects the verdicts of one scenario, and sees to it that each announced claim gets exactly one. */
export class Judge {
	readonly #announced: readonly ClaimId[];
	readonly #verdicts: Verdict[] = [];
	readonly #leftOpen = new Set<ClaimId>();

	constructor(announced: readonly ClaimId[]) {
		this.#announced = announced;
	}

	get verdicts(): readonly Verdict[] {
		return this.#verdicts;
	}

	/** A claim that cannot be judged where this scenario runs: it has no verdict. */
	leaveOpen(id: ClaimId): void {
		this.#assertOpen(id);
		this.#leftOpen.add(id);
	}

	judge(id: ClaimId, held: boolean, { holds, differs }: VerdictNotes): void {
		this.#assertOpen(id);
		this.#verdicts.push({ id, verdict: held ? 'holds' : 'differs', note: held ? holds : differs });
	}

	#assertOpen(id: ClaimId): void {
		if (!this.#announced.includes(id)) {
			throw new HalfopenError('CLAIM_UNEXPECTED', {
				problem: `Claim ${id} was judged but not announced.`,
				remedy: `Add '${id}' to the scenario’s claims.`,
			});
		}
		if (this.#isDone(id)) {
			throw new HalfopenError('CLAIM_UNEXPECTED', {
				problem: `Claim ${id} was judged twice.`,
				remedy: 'Call claim() once for it, with a condition over all that was recorded.',
			});
		}
	}

	#isDone(id: ClaimId): boolean {
		return this.#leftOpen.has(id) || this.#verdicts.some((verdict) => verdict.id === id);
	}

	/** At the end of the scenario. */
	assertComplete(): void {
		const open = this.#announced.filter((id) => !this.#isDone(id));
		if (open.length === 0) return;
		throw new HalfopenError('CLAIM_NOT_JUDGED', {
			problem: `The scenario announced claims and did not judge them: ${open.join(', ')}.`,
			remedy: 'Call claim(id, held, notes) for each, with `held` computed from the timeline.',
		});
	}
}
