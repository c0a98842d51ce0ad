import { z } from 'zod';
import { HalfopenError } from '../errors.ts';
import { nearestNames } from './nearest.ts';

/** A list longer than this is not shown in full, only its nearest names. */
const MAX_LISTED = 20;

/**
 * Validates options that a spec passes. Types are stripped before a spec runs, so without this check a misspelt option
 * would be ignored and a missing number would be a bound of zero. Returns `given`. Throws OPTION_UNKNOWN for an unknown
 * name, with the nearest ones, and OPTION_INVALID for an invalid value.
 *
 * @param of the function that gets the options, as the beginning of a sentence: `server.drop`
 */
export function checked<T>(schema: z.ZodType<T>, given: unknown, of: string): T {
	const { error } = schema.safeParse(given);
	const issues = error?.issues ?? [];
	// A value may be missing because its name is misspelt.
	const issue = issues.find(({ code }) => code === 'unrecognized_keys') ?? issues[0];
	if (issue === undefined) return given as T;
	throw issue.code === 'unrecognized_keys'
		? unknownOption(of, issue.keys[0] ?? '', issue.path, keysAt(schema, issue.path))
		: invalidValue(of, issue, valueAt(given, issue.path));
}

/** Validates that a name is one of a list, like `checked`. */
export function checkedName<Name extends string>(names: readonly Name[], given: unknown, of: string): Name {
	return checked(z.enum(names), given, of);
}

type Path = readonly PropertyKey[];

function unknownOption(of: string, key: string, path: Path, known: readonly string[]): HalfopenError {
	const where = path.length === 0 ? of : `${of}, ${path.join('.')}`;
	return new HalfopenError('OPTION_UNKNOWN', {
		problem: `${where}: there is no option “${key}”.`,
		seen: known.length === 0 ? undefined : `nearest: ${nearestNames(key, known).join(', ')}`,
		remedy:
			known.length === 0
				? 'Leave it out: no options are allowed here.'
				: `Correct its name, or leave it out. The options are: ${known.join(', ')}.`,
	});
}

function invalidValue(of: string, issue: z.core.$ZodIssue, value: unknown): HalfopenError {
	const name = issue.path.join('.');
	const problem = `${of}: ${name === '' ? 'it' : name} cannot be ${describe(value)}.`;
	if (issue.code !== 'invalid_value')
		return new HalfopenError('OPTION_INVALID', { problem, seen: expectedBy(issue), remedy: 'Give a value that fits.' });
	const names = issue.values.map(String);
	const few = names.length <= MAX_LISTED;
	return new HalfopenError('OPTION_INVALID', {
		problem,
		seen: typeof value === 'string' ? `nearest: ${nearestNames(value, names).join(', ')}` : undefined,
		remedy: few ? `Give one of: ${names.join(', ')}.` : 'Correct the name.',
	});
}

/** Describes the expected value. For a union: the expected value of each member. */
function expectedBy(issue: z.core.$ZodIssue): string {
	return issue.code === 'invalid_union'
		? issue.errors.flatMap(([first]) => (first ? [expectedBy(first)] : [])).join('; or ')
		: issue.message.replace(/^Invalid input: /, '');
}

function describe(value: unknown): string {
	if (typeof value === 'string') return `“${value}”`;
	if (Array.isArray(value)) return 'this list';
	return typeof value === 'object' && value !== null ? 'this object' : String(value);
}

function valueAt(given: unknown, path: Path): unknown {
	return path.reduce<unknown>((value, key) => (value as Record<PropertyKey, unknown>)[key], given);
}

/** Returns the names that an object may have at this path of a schema. */
function keysAt(schema: z.core.$ZodType, path: Path): string[] {
	const inner = unwrapped(schema);
	const [key, ...rest] = path;
	if (inner instanceof z.ZodUnion) return inner.options.flatMap((option) => keysAt(option, path));
	if (!(inner instanceof z.ZodObject)) return [];
	const next = key === undefined ? undefined : inner.shape[String(key)];
	return next === undefined ? Object.keys(inner.shape) : keysAt(next, rest);
}

function unwrapped(schema: z.core.$ZodType): z.core.$ZodType {
	return schema instanceof z.ZodOptional ? unwrapped(schema.unwrap()) : schema;
}
