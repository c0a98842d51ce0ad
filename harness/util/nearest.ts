import { distance } from 'fastest-levenshtein';

/** Returns the names that are nearest to a misspelt one, nearest first. */
export function nearestNames(name: string, names: Iterable<string>, max = 3): string[] {
	return [...names].sort((a, b) => distance(name, a) - distance(name, b)).slice(0, max);
}
