// Prints one line with the number of passed and failed tests in the given JUnit reports. Exits with 1 if a report is
// missing, if no test passed, or if any failed.
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
		console.error(`A test report is missing: ${error instanceof Error ? error.message : error}`);
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
