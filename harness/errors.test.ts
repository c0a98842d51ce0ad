import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import { type Expression, type NewExpression, parseSync } from '@swc/core';
import { ERROR_CODES, type ErrorCode, HalfopenError, toError } from './errors.ts';
import { expectFile } from './report/fixtures/golden.ts';

const ROOT = fileURLToPath(new URL('../', import.meta.url));
const CODES = Object.keys(ERROR_CODES) as ErrorCode[];

/** Sources that may create an error of another class, with the reason. */
const OTHER_ERRORS: Readonly<Record<string, string>> = {
	'harness/errors.ts': 'toError wraps thrown values that are not errors',
	'harness/cli/setup/engine-answers.ts': 'wraps an error message of the engine; setup adds the remedy',
};

function filesIn(...folders: readonly string[]): string[] {
	return folders
		.flatMap((folder) =>
			readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' }).map((name) => join(folder, name)),
		)
		.filter((path) => path.endsWith('.ts'));
}

const isTest = (path: string) => /\.test\.ts$|(^|\/)fixtures?(\.ts$|\/)/.test(path);
const files = filesIn('harness', 'bench').map((path) => ({ path, text: readFileSync(join(ROOT, path), 'utf8') }));
const sources = files.filter(({ path }) => !isTest(path));
const tests = files.filter(({ path }) => isTest(path) && path !== 'harness/errors.test.ts');

/** Returns every `new …Error(…)` of a source. */
function errorsCreatedIn(text: string): NewExpression[] {
	return nodesOf(parseSync(text, { syntax: 'typescript', target: 'es2023' })).filter(
		(node): node is NewExpression => isCreation(node) && classOf(node).endsWith('Error'),
	);
}

/** Returns all nodes of a syntax tree, parents before children. */
function nodesOf(tree: object): object[] {
	const children = Object.values(tree).filter((value) => typeof value === 'object' && value !== null);
	return [tree, ...children.flatMap(nodesOf)];
}

const isCreation = (node: object): node is NewExpression => 'type' in node && node.type === 'NewExpression';

const classOf = ({ callee }: NewExpression) => (callee.type === 'Identifier' ? callee.value : '');

/** Returns the string literals of an expression, with `…` for each computed part. */
function textsOf(expression: Expression): string[] {
	switch (expression.type) {
		case 'StringLiteral':
			return [expression.value];
		case 'TemplateLiteral':
			return [expression.quasis.map(({ cooked }) => cooked ?? '').join('…')];
		case 'BinaryExpression':
			return textsOf(expression.left).flatMap((left) => textsOf(expression.right).map((right) => left + right));
		case 'ConditionalExpression':
			return [...textsOf(expression.consequent), ...textsOf(expression.alternate)];
		default:
			return [];
	}
}

/** Returns the texts of one part of an error. */
function partTexts({ arguments: given }: NewExpression, part: 'problem' | 'remedy'): string[] {
	const parts = given?.[1]?.expression;
	if (parts?.type !== 'ObjectExpression') return [];
	return parts.properties.flatMap((property) =>
		property.type === 'KeyValueProperty' && property.key.type === 'Identifier' && property.key.value === part
			? textsOf(property.value)
			: [],
	);
}

const created = sources.flatMap(({ path, text }) => errorsCreatedIn(text).map((error) => ({ path, error })));

describe('every error', () => {
	test('is a HalfopenError, or its source is listed here with the reason', () => {
		const others = created.filter(({ error }) => classOf(error) !== 'HalfopenError').map(({ path }) => path);
		expect([...new Set(others)].sort()).toEqual(Object.keys(OTHER_ERRORS).sort());
	});

	test.each(['problem', 'remedy'] as const)('has whole sentences as its %s', (part) => {
		const texts = created.flatMap(({ path, error }) => partTexts(error, part).map((text) => `${path}: ${text}`));
		// The other errors get their text as an argument of a function.
		expect(texts.length).toBeGreaterThan(created.length / 2);
		// A sentence may begin with the name of a program in lower case, and end with a command or a list.
		const programs = 'apt|depmod|ip|mmdebstrap|tcpdump|socket|net';
		const sentences = new RegExp(`^\\S+: ([A-Z“…\`]|(${programs})\\b)[^]*[.?…]$`);
		expect(texts.filter((text) => !sentences.test(text))).toEqual([]);
	});
});

describe('every code', () => {
	test('is thrown by a source', () => {
		const throwing = sources.filter(({ path }) => path !== 'harness/errors.ts');
		expect(CODES.filter((code) => !throwing.some(({ text }) => text.includes(`'${code}'`)))).toEqual([]);
	});

	test('is expected by a test', () => {
		const expected = (code: ErrorCode) => tests.some(({ text }) => new RegExp(`\\b${code}\\b`).test(text));
		expect(CODES.filter((code) => !expected(code))).toEqual([]);
	});

	test('is explained in docs/errors.md', () => {
		const rows = CODES.map((code) => `| \`${code}\` | ${ERROR_CODES[code]} |\n`);
		const table = `| code | when |\n|---|---|\n${rows.join('')}`;
		expectFile(new URL('../docs/errors.md', import.meta.url), `${INTRODUCTION}\n${table}`);
	});
});

const INTRODUCTION = `# Errors

Every error of halfopen is a \`HalfopenError\`. Its \`code\` says what kind of error it is; branch on that. Its message has
three parts, which are also properties: \`problem\` says what is wrong, \`seen\` is the evidence (not always present), and
\`remedy\` says what to do.

If a value is not a host, peer, call or timeline, \`expect(value)\` has Jest's matchers, and they throw Jest's errors. A
matcher of a lab on such a value throws \`MATCHER_UNKNOWN\`.

A test checks this table against [harness/errors.ts](../harness/errors.ts).
`;

describe('an error', () => {
	test('has its code, the evidence and the remedy in its message', () => {
		const error = new HalfopenError('NAME_TAKEN', {
			problem: 'It is taken.',
			seen: 'a\nb\n',
			remedy: 'Choose another.',
		});
		expect(error.message).toBe('It is taken. [NAME_TAKEN]\n  seen: a\n        b\n  to do: Choose another.');
		expect(error).toMatchObject({ name: 'HalfopenError', code: 'NAME_TAKEN', problem: 'It is taken.' });
	});

	test('is returned unchanged by toError; any other thrown value is wrapped', () => {
		const error = new HalfopenError('NAME_TAKEN', { problem: 'It is taken.', remedy: 'Choose another.' });
		expect(toError(error)).toBe(error);
		expect(toError('no')).toMatchObject({ message: 'no' });
	});
});
