// Says in one line how many tests of the given JUnit reports passed and failed. Fails where one is missing, none
// passed, or any failed.
import { readFileSync } from 'node:fs';

const reports = process.argv.slice(2).map(readReport);
const suites = reports.flatMap((report) => report.match(/<testsuite\s[^>]*>/g) ?? []);
const total = sum('tests');
const failed = sum('failures') + sum('errors');
const skipped = sum('skipped');
const passed = total - failed - skipped;

console.log([`${passed} passed`, `${failed} failed`, ...(skipped > 0 ? [`${skipped} skipped`] : [])].join(', '));
process.exitCode = failed > 0 || passed === 0 || reports.includes('') ? 1 : 0;

/** @param {string} path */
function readReport(path) {
	try {
		return readFileSync(path, 'utf8');
	} catch (error) {
		console.error(`There is no report of the tests: ${error instanceof Error ? error.message : error}`);
		return '';
	}
}

/** @param {string} attribute */
function sum(attribute) {
	return suites.reduce(
		(total, suite) => total + Number(new RegExp(`\\s${attribute}="(\\d+)"`).exec(suite)?.[1] ?? 0),
		0,
	);
}
