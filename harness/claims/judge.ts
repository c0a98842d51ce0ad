import { HalfopenError } from '../errors.ts';
import type { Verdict } from '../timeline/timeline-file.ts';
import type { ClaimId } from './catalogue.ts';

/** The reason for each of the two verdicts, in one or two sentences. */
export interface VerdictNotes {
	readonly holds: string;
	readonly differs: string;
}

/** Collects the verdicts of one scenario. Ensures that each announced claim gets exactly one. */
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

	/** Records that a claim cannot be judged on this engine or kernel. It gets no verdict. */
	leaveOpen(id: ClaimId): void {
		this.#assertOpen(id);
		this.#leftOpen.add(id);
	}

	/** Records the verdict on a claim. Throws CLAIM_UNEXPECTED if it was not announced, or already judged. */
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
				remedy: 'Call claim() once for it, with one condition that covers everything that was recorded.',
			});
		}
	}

	#isDone(id: ClaimId): boolean {
		return this.#leftOpen.has(id) || this.#verdicts.some((verdict) => verdict.id === id);
	}

	/** Called at the end of the scenario. Throws CLAIM_NOT_JUDGED if an announced claim has no verdict. */
	assertComplete(): void {
		const open = this.#announced.filter((id) => !this.#isDone(id));
		if (open.length === 0) return;
		throw new HalfopenError('CLAIM_NOT_JUDGED', {
			problem: `The scenario announced claims but did not judge them: ${open.join(', ')}.`,
			remedy: 'Call claim(id, held, notes) for each, with `held` computed from the timeline.',
		});
	}
}
