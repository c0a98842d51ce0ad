// Says in one line how many tests of a JUnit report passed and failed. Fails where none passed or any failed.
import { readFileSync } from 'node:fs';

const report = readReport(process.argv[2]);
const suites = report.match(/<testsuite\s[^>]*>/g) ?? [];
const total = sum('tests');
const failed = sum('failures') + sum('errors');
const skipped = sum('skipped');
const passed = total - failed - skipped;

console.log([`${passed} passed`, `${failed} failed`, ...(skipped > 0 ? [`${skipped} skipped`] : [])].join(', '));
process.exitCode = failed > 0 || passed === 0 ? 1 : 0;

/** @param {string | undefined} path */
function readReport(path) {
	try {
		return readFileSync(path ?? '', 'utf8');
	} catch (error) {
		console.error(`There is no report of the tests: ${error instanceof Error ? error.message : error}`);
		return '';
	}
}

/** @param {string} attribute */
function sum(attribute) {
	return suites.reduce((total, suite) => total + Number(new RegExp(`\\s${attribute}="(\\d+)"`).exec(suite)?.[1] ?? 0), 0);
}
