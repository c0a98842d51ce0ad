import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals';
import type { Page } from 'puppeteer-core';
import { findBrowser } from '../../cli/setup/browser.ts';
import { needing } from '../../util/fixtures/needing.ts';
import { powerOffTimeline, rebootTimeline } from '../ladder/fixtures/timelines.ts';
import { sample } from '../matrix/fixtures/sample.ts';
import { TestBrowser } from './fixtures/browser.ts';
import { drawing } from './fixtures/drawing.ts';
import { HOSTILE, hostileTimeline, longTimeline, pageScenario, wholeSuite } from './fixtures/scenarios.ts';
import { matrixView } from './matrix-view.ts';
import { readParts, renderPage } from './render-page.ts';

/** Both cores may be busy with labs. */
const LIMIT_MS = 60_000;
const OTHERS = 170;
const ALL = OTHERS + 4;

const program = await findBrowser();
const { describe: inBrowser } = needing({
	what: 'chromium, chromium-browser or google-chrome, to try index.html',
	isAvailable: program !== undefined,
	remedy: 'npm run setup -- --browser',
});

inBrowser('index.html in Chromium', () => {
	jest.setTimeout(LIMIT_MS);
	let folder: string;
	let address: string;
	let browser: TestBrowser;
	let page: Page;

	beforeAll(async () => {
		folder = await mkdtemp(join(tmpdir(), 'halfopen-page-'));
		const long = longTimeline();
		const scenarios = [
			pageScenario('puzzlers/reboot/abrupt', rebootTimeline()),
			pageScenario('puzzlers/power-off/for good', powerOffTimeline()),
			pageScenario('hostile/strings/a', hostileTimeline()),
			pageScenario('size/long/ten-thousand', long, drawing(long)),
			...wholeSuite(OTHERS),
		];
		await writeFile(join(folder, 'index.html'), renderPage(scenarios, matrixView(sample()), await readParts()));
		address = pathToFileURL(join(folder, 'index.html')).href;
		browser = await TestBrowser.start(program as string);
	});

	afterAll(async () => {
		await browser?.[Symbol.asyncDispose]();
		await rm(folder, { recursive: true, force: true });
	});

	beforeEach(async () => {
		page = await browser.page();
	});

	afterEach(async () => {
		await page.close();
		expect(browser.problems).toEqual([]);
		expect(browser.requests.filter((url) => !url.startsWith('file://'))).toEqual([]);
	});

	const ask = <T>(expression: string) => page.evaluate(expression) as Promise<T>;
	const textOf = (selector: string) => ask<string>(`document.querySelector(${JSON.stringify(selector)}).textContent`);
	const count = (selector: string) => ask<number>(`document.querySelectorAll(${JSON.stringify(selector)}).length`);
	/** Returns the number of elements that style sheets do not hide. */
	const drawn = (selector: string) =>
		ask<number>(
			`[...document.querySelectorAll(${JSON.stringify(selector)})].filter((each) => getComputedStyle(each).display ` +
				`!== 'none').length`,
		);
	const titles = () =>
		ask<string[]>(
			`[...document.querySelectorAll('.entry a')].filter((each) => each.checkVisibility()).map((each) => ` +
				'each.textContent)',
		);

	async function open(scenario: string): Promise<void> {
		await page.goto(`${address}#${scenario}`);
		await page.waitForSelector('#one h2');
	}

	test('lists all scenarios within 5 s, one with ten thousand events, and has built no details', async () => {
		const before = await browser.processorMs();
		expect(before).toBeGreaterThan(0);
		await page.goto(address);
		expect(await textOf('#count')).toBe(`${ALL} of ${ALL} scenarios`);
		expect((await browser.processorMs()) - before).toBeLessThan(5_000);
		expect(await count('svg')).toBe(0);
		expect(await ask<string[]>(`[...document.querySelectorAll('#all h2')].map((each) => each.textContent)`)).toEqual([
			'hostile',
			'puzzlers',
			'size',
			...Array.from({ length: 10 }, (_, theme) => `theme-${theme}`),
		]);
	});

	test('lists the question, the results, the time, the engine and the kernel of each scenario', async () => {
		await page.goto(address);
		const entry = await ask<string>(
			`document.querySelector('a[href="#puzzlers/reboot/abrupt"]').closest('li').innerText`,
		);
		for (const text of [
			rebootTimeline().question,
			'passed',
			'PZ5 holds',
			'PZ7 differs',
			'2.0 s',
			'docker',
			'Linux 6.18.44',
		])
			expect(entry).toContain(text);
		const notes = await ask(
			`[...document.querySelector('a[href="#puzzlers/reboot/abrupt"]').closest('li')` +
				`.querySelectorAll('.badge[title]')].map((each) => each.title)`,
		);
		expect(notes).toEqual(rebootTimeline().verdicts.map(({ note }) => note));
	});

	test('filters scenarios by words and by results', async () => {
		await page.goto(address);
		await page.type('#words', 'PZ8T never');
		expect(await titles()).toHaveLength(1 + OTHERS / 2);
		expect(await textOf('#count')).toBe(`${1 + OTHERS / 2} of ${ALL} scenarios`);
		await page.type('#words', ' (17)');
		expect(await titles()).toEqual(['power off: the peer never comes back (17)']);
		await page.$eval('#words', (box) => box.select());
		await page.type('#words', 'ten thousand');
		await page.select('#which', 'differs');
		expect(await titles()).toEqual([]);
		await page.select('#which', 'failed');
		expect(await titles()).toEqual(['ten thousand events']);
		expect(await drawn('#all section:not([hidden])')).toBe(1);
	});

	test('opens a scenario by its link or its address, and returns to the reader’s position in the list', async () => {
		await page.goto(address);
		const link = await page.waitForSelector('a[href="#theme-4/spec/scenario-94"]');
		await link?.scrollIntoView();
		const scrolled = await ask<number>('scrollY');
		await link?.click();
		await page.waitForSelector('#one h2');
		expect(await textOf('#one h2')).toContain('abrupt reboot: the server forgets, the client does not know (94)');
		expect(await textOf('.answer')).toBe(rebootTimeline().answer);
		expect(await ask(`document.querySelector('#all').checkVisibility()`)).toBe(false);
		await page.goBack();
		await page.waitForSelector('#one', { hidden: true });
		expect(await ask('scrollY')).toBe(scrolled);
		expect(await ask(`document.activeElement.getAttribute('href')`)).toBe('#theme-4/spec/scenario-94');

		await page.goto('about:blank');
		await open('puzzlers/power-off/for%20good');
		expect(await textOf('.loss')).toBe('Not seen by capture on the client: 2 packets dropped by the kernel');
		expect(await ask(`[...document.querySelectorAll('.files a')].map((each) => each.getAttribute('href'))`)).toEqual(
			['client.pcap', 'server.pcap', 'timeline.json', 'ladder.txt'].map(
				(name) => `puzzlers/power-off/for%20good/${name}`,
			),
		);
		await page.goto(`${address}#no/such/scenario`);
		await page.waitForSelector('#all .entry');
	});

	test.each([
		['calls', ['call']],
		['segments', ['segment']],
		['states', ['state', 'timer', 'sockets']],
	])('hides and shows %s', async (layer, kinds) => {
		await open('puzzlers/power-off/for%20good');
		const parts = kinds.map((kind) => `[data-kind="${kind}"]`);
		const others = await drawn('[data-kind]');
		const own = await Promise.all(parts.map(drawn));
		expect(Math.min(...own)).toBeGreaterThan(0);
		await page.click(`#show-${layer}`);
		expect(await Promise.all(parts.map(drawn))).toEqual(parts.map(() => 0));
		expect(await drawn('[data-kind]')).toBe(others - own.reduce((sum, each) => sum + each, 0));
		await page.click(`#show-${layer}`);
		expect(await Promise.all(parts.map(drawn))).toEqual(own);
	});

	test('shows the details of the part below the pointer, or selected by keys, which skip hidden parts', async () => {
		await open('puzzlers/reboot/abrupt');
		for (const kind of ['segment', 'call']) {
			await page.hover(`[data-kind="${kind}"] text`);
			const title = await ask<string>(
				`document.querySelector('[data-kind="${kind}"] ` +
					`text').closest('[data-kind]').querySelector('title').textContent`,
			);
			expect(await textOf('#details')).toBe(title);
		}
		expect(await ask(`document.querySelectorAll('[data-kind][tabindex="0"]').length`)).toBe(1);
		await page.click('#show-segments');
		for (
			let stop = 0;
			stop < 3 && (await ask<boolean>(`document.activeElement.closest('[data-kind]') === null`));
			stop++
		)
			await page.keyboard.press('Tab');
		const seen = new Set<string>();
		for (let step = 0; step < 60; step++) {
			seen.add(await textOf('#details'));
			await page.keyboard.press('ArrowDown');
		}
		const shown =
			`[...document.querySelectorAll('[data-kind]:not([data-kind="segment"]) > title')].map((each) => ` +
			'each.textContent)';
		expect([...seen]).toEqual([...new Set(await ask<string[]>(shown))]);
	});

	test('unfolds samples of ss and sysctls when the reader opens them', async () => {
		await open('puzzlers/power-off/for%20good');
		expect(await count('table')).toBe(0);
		await page.click('.samples[data-host="client"] > summary');
		await page.waitForSelector('.sample');
		expect(await count('.sample')).toBe(7);
		expect(await count('table')).toBe(0);
		await page.click('.sample > summary');
		await page.waitForSelector('.sample td');
		expect(await ask(`[...document.querySelectorAll('.sample td')].map((each) => each.textContent)`)).toEqual([
			'ESTAB',
			'0',
			'22',
			'10.77.1.2:49152',
			'10.77.1.3:8080',
			'on, 180 ms, 0',
			'',
			'',
		]);
		await page.click('.sysctls > summary');
		await page.waitForSelector('.sysctls td');
		expect(await textOf('.sysctls tbody')).toBe('tcp_retries25');
		await page.type('.sysctls input', 'keepalive');
		expect(await drawn('.sysctls tbody tr')).toBe(0);
	});

	test('shows all of ten thousand events, and stays usable', async () => {
		await page.goto(address);
		await page.type('#words', 'ten thousand');
		const before = await browser.processorMs();
		expect(before).toBeGreaterThan(0);
		await page.click('.entry:not([hidden]) a');
		await page.waitForSelector('#one svg');
		await page.hover('[data-kind="segment"] text');
		expect(await textOf('#details')).toContain('segment at');
		await page.click('#show-calls');
		expect(await drawn('[data-kind="call"]')).toBe(0);
		expect((await browser.processorMs()) - before).toBeLessThan(5_000);
		expect(await count('[data-kind]')).toBe(10_000);

		expect(await textOf('.samples[data-host="client"] > summary')).toBe(
			'client: 2500 samples, 2500 of them with something new',
		);
		await page.click('.samples[data-host="client"] > summary');
		await page.waitForSelector('.group');
		expect(await count('.group')).toBe(25);
		expect(await count('.sample')).toBe(0);
		await page.click('.group > summary');
		await page.waitForSelector('.sample');
		expect(await count('.sample')).toBe(100);
	});

	test('shows titles, questions, answers, failures and notes as text, whatever they contain', async () => {
		await open('hostile/strings/a');
		expect(await textOf('#one h2')).toBe(`${HOSTILE} failed`);
		expect([await textOf('#all .failure'), await textOf('#one .failure')]).toEqual([HOSTILE, `${HOSTILE}\nand more`]);
		expect([await textOf('.question'), await textOf('#one .question'), await textOf('.answer')]).toEqual([
			HOSTILE,
			HOSTILE,
			HOSTILE,
		]);
		expect(await textOf('.verdicts li')).toContain(HOSTILE);
		expect(await page.title()).toBe(`${HOSTILE} · halfopen`);
		expect(await count('img, iframe, object')).toBe(0);
	});

	describe('claims and durations by engine and kernel', () => {
		const rows = (selector: string) =>
			ask<string[][]>(
				`[...document.querySelectorAll('${selector}')].filter((row) => row.checkVisibility()).map((row) => ` +
					'[...row.cells].map((cell) => cell.innerText))',
			);

		beforeEach(async () => {
			await page.goto(address);
			await page.click('header a[href="#/matrix"]');
			await page.waitForSelector('.matrix');
		});

		test('have a cell for each column, and show what differs, why, and what is missing', async () => {
			const { headline, troubles, legend, durationsLegend, changes } = matrixView(sample());
			const text = await ask<string>(`document.querySelector('#matrix').innerText`);
			const listed = changes.map((change) => `${change.name}: ${change.text}`);
			for (const words of [`${headline}: HS2, HS3`, legend, durationsLegend, ...troubles, ...listed])
				expect(text).toContain(words);
			expect((await rows('.durations tr')).slice(0, 4)).toEqual([
				['seconds', 'docker 6.18', 'vm 5.10 (failed)', 'vm 6.1 (in part)', 'because of'],
				['TIME-WAIT', '60.2', '61.3', '61.3', ''],
				['≠ connect, | unanswered', '138.8', '130.9', '130.8', 'tcp_syn_linear_timeouts (6.5)'],
				['delayed <ACK>', '0.041', '', '', 'measured in one column only'],
			]);
			expect(await rows('.matrix thead tr')).toEqual([
				['id', 'claim', 'docker\n6.18.44', 'vm\n5.10.259\n(failed)', 'vm\n6.1.180 <|>\n(in part)'],
			]);
			expect((await rows('.matrix .facts tr'))[0]?.[2]).toBe(
				'97 scenarios passed\n1 failed\n1 claims hold\n2 differ\n2 not covered',
			);
			expect((await rows('[data-claim] tr:first-child')).map((cells) => [cells[0], ...cells.slice(2)])).toEqual([
				['PZ1', 'holds', 'holds', 'holds'],
				['PZ3', 'differs', 'differs', 'not covered'],
				['≠ HS2', 'holds', 'differs', 'differs'],
				['≠ HS3', 'holds', 'differs', 'differs (1 of 2)'],
				['HS4', 'holds (2 of 2)', 'not covered', 'not covered'],
				['HS5', 'not covered', 'not covered', 'not covered'],
			]);
			expect(await textOf('[data-claim="HS3"] .notes p')).toBe('It differs, and no known change explains it.');
			expect(await ask(`document.querySelector('[data-claim="HS3"] td:last-child').title`)).toBe(
				'holds, by “first”: three\ndiffers, by “second”: four',
			);
		});

		test('unfold their notes, whose markup is text', async () => {
			await page.click('[data-claim="PZ1"] summary');
			await page.waitForSelector('[data-claim="PZ1"] li');
			const notes = `[...document.querySelectorAll('[data-claim="PZ1"] li')].map((each) => each.textContent)`;
			expect(await ask(notes)).toEqual([
				'holds on docker 6.18.44, vm 5.10.259, by “warm-up: Ctrl-C at the server”: The FIN.',
				'holds on vm 6.1.180 <|>, by “warm-up: Ctrl-C at the server”: The *other* FIN, <b>bold</b>.',
			]);
		});

		test('are filtered by words and by results, and each claim has its own address', async () => {
			const shown = async () => (await rows('[data-claim] tr:first-child, .durations tbody tr')).map(([head]) => head);
			expect(await textOf('#matrix-count')).toBe('11 of 11 claims and durations');
			await page.type('#matrix-words', 'vm 5.10 FOUR');
			expect(await shown()).toEqual(['≠ HS3']);
			expect(await drawn('.matrix .group:not([hidden])')).toBe(1);
			await page.$eval('#matrix-words', (box) => box.select());
			await page.keyboard.press('Backspace');
			await page.select('#matrix-which', 'differs');
			expect(await shown()).toEqual(['≠ connect, | unanswered', '≠ user timeout', '≠ HS2', '≠ HS3']);
			await page.select('#matrix-which', 'unexplained');
			expect(await shown()).toEqual(['≠ user timeout', '≠ HS3']);
			await page.click('#matrix a[href="#/matrix/HS3"]');
			await page.waitForSelector('[data-claim="HS3"].asked');
			expect(await count('.asked')).toBe(1);
			await page.goBack();
			await page.goBack();
			await page.waitForSelector('#all .entry a', { visible: true });
			expect(await ask(`document.querySelector('#matrix').checkVisibility()`)).toBe(false);
		});
	});

	test('is light or dark according to the browser’s setting', async () => {
		await page.goto(address);
		const brightness = [];
		for (const value of ['light', 'dark']) {
			await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value }]);
			const background = await ask<string>('getComputedStyle(document.body).backgroundColor');
			brightness.push(Math.max(...(background.match(/\d+/g) ?? []).map(Number)));
		}
		expect(brightness[0]).toBeGreaterThan(200);
		expect(brightness[1]).toBeLessThan(60);
	});
});
