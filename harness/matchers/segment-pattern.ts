import { HalfopenError } from '../errors.ts';
import type { Flags } from '../tcp.ts';
import type { EventOf } from '../timeline/events.ts';

type Direction = '>' | '<';
type Count = '' | `${number}x ` | `${number}..${number}x ` | `${number}..x `;
type Length = '' | ` ${number}`;
type Fate = '' | ' unobserved' | ' dropped' | ` dropped by ${string}`;

/** One segment in a line: `direction flags [length] [fate]`. */
export type OneSegmentPattern = `${Direction} ${Flags}${Length}${Fate}`;

/** A segment, or several alike, in a line: `[count] direction flags [length] [fate]`; `...` stands for any segments. */
export type SegmentPattern = '...' | `${Count}${OneSegmentPattern}`;

type Segment = Pick<EventOf<'segment'>, 'host' | 'flags' | 'length' | 'fate' | 'by'>;

export interface ParsedPattern {
	readonly least: number;
	readonly most: number;
	readonly fits: (segment: Segment) => boolean;
}

const PATTERN =
	/^(?:(?<least>\d+)(?<range>\.\.(?<most>\d+)?)?x )?(?<direction>[<>]) (?<flags>\S+)(?: (?<length>\d+))?(?: (?<fate>unobserved|dropped(?: by (?<by>\S+))?))?$/;
const FATE = / (unobserved|dropped)/;
const FLAGS = /^(none|F?S?R?P?\.?U?E?W?)$/;

/** Reads a pattern; what is wrong with it is said with an example. */
export function parsePattern(pattern: string): ParsedPattern {
	if (pattern === '...') return { least: 0, most: Number.POSITIVE_INFINITY, fits: () => true };
	const groups = PATTERN.exec(pattern)?.groups;
	if (!groups || !FLAGS.test(groups.flags ?? '') || Number(groups.least ?? 1) > Number(groups.most ?? Number.POSITIVE_INFINITY)) {
		throw new HalfopenError('BAD_ARGUMENT', {
			problem: `“${pattern}” is no segment pattern.`,
			remedy:
				'Write [count] direction flags [length] [fate], flags in tcpdump’s order, e.g. "> S", "2x < P. 100", "1..3x > .", "> F. dropped by drop-1", "6x > P. unobserved"; or "..." for any.',
		});
	}
	const { least, range, most, direction, flags, length, fate, by } = groups;
	const host = direction === '>' ? 'client' : 'server';
	return {
		least: Number(least ?? 1),
		most: range === undefined ? Number(least ?? 1) : Number(most ?? Number.POSITIVE_INFINITY),
		fits: (segment) =>
			segment.host === host &&
			segment.flags === flags &&
			(length === undefined || segment.length === Number(length)) &&
			segment.fate === (fate?.split(' ')[0] ?? 'delivered') &&
			(by === undefined || segment.by === by),
	};
}

/** Reads a pattern of one segment, and says whether a segment is like it. With a count no single segment would ever be. */
export function parseOneSegment(pattern: OneSegmentPattern): ParsedPattern['fits'] {
	const { least, most, fits } = parsePattern(pattern);
	if (least === 1 && most === 1) return fits;
	throw new HalfopenError('BAD_ARGUMENT', {
		problem: `“${pattern}” does not stand for one segment.`,
		remedy: 'Leave the count out, e.g. "> F.", "< R", "> F. dropped by drop-1"; to count, use toShowSegments with "..." around it.',
	});
}

/** The same for what must not be there: without a fate, whatever became of it. */
export function parseUnwanted(pattern: OneSegmentPattern): ParsedPattern['fits'] {
	const fits = parseOneSegment(pattern);
	return FATE.test(pattern) ? fits : (segment) => fits({ ...segment, fate: 'delivered' });
}

/** True if the patterns describe all these segments, in order. */
export function matchSegments(segments: readonly Segment[], patterns: readonly ParsedPattern[]): boolean {
	/** From where in the segments each pattern may begin. */
	let starts = new Set([0]);
	for (const { least, most, fits } of patterns) {
		const next = new Set<number>();
		for (const start of starts) {
			let taken = 0;
			if (least === 0) next.add(start);
			for (let at = start; taken < most; at++) {
				const segment = segments[at];
				if (!segment || !fits(segment)) break;
				if (++taken >= least) next.add(at + 1);
			}
		}
		starts = next;
	}
	return starts.has(segments.length);
}
