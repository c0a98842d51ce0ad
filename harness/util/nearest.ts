import { distance } from 'fastest-levenshtein';

/** The names that are nearest to a mistaken one, best first. */
export function nearestNames(wrong: string, names: Iterable<string>, most = 3): string[] {
	return [...names].sort((a, b) => distance(wrong, a) - distance(wrong, b)).slice(0, most);
}
