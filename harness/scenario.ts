import { stripVTControlCharacters } from 'node:util';
import { expect as jestExpect, test } from '@jest/globals';
import { z } from 'zod';
import { CLAIMS, type ClaimId } from './claims/catalogue.ts';
import { Judge, type VerdictNotes } from './claims/judge.ts';
import { MeasureCollector } from './claims/measure-collector.ts';
import { HalfopenError } from './errors.ts';
import { sysctlsSchema } from './faults/sysctl.ts';
import type { Host } from './lab/host.ts';
import { Lab, type LabSettings } from './lab/lab.ts';
import type { Link } from './lab/link.ts';
import { OpenWaits } from './lab/open-waits.ts';
import type { Router } from './lab/router.ts';
import type { Timeline } from './lab/timeline-queries.ts';
import { artifactPath, fromProjectRoot, slugOf } from './report/artifacts.ts';
import { withLadder } from './report/failure.ts';
import { type Publisher, publishLive } from './report/live/publisher.ts';
import { writeArtifacts } from './report/write-artifacts.ts';
import { currentEngine, currentFamily } from './run/current.ts';
import { Stopwatch } from './run/stopwatch.ts';
import { timed } from './run/timed.ts';
import { assertNothingLost } from './timeline/observer-lost.ts';
import { TIMELINE_VERSION, type TimelineFile } from './timeline/timeline-file.ts';
import { checked } from './util/options.ts';

/** The options of a scenario. */
export interface ScenarioOptions extends LabSettings {
	/** The question of the article "TCP Puzzlers" that the scenario answers. */
	readonly question?: string;
	/** The claims that the scenario must judge, each exactly once. Their ids are in harness/claims/catalogue.ts. */
	readonly claims?: readonly ClaimId[];
	/**
	 * The longest time that the scenario may take in real time, in ms of the lab's clock; default 300,000. In virtual
	 * time the limit is always a day. Each wait has its own, shorter limit.
	 */
	readonly limitMs?: number;
	/** Why the scenario cannot run if the hosts have IPv6 only: `netcat-traditional has no IPv6`. It is skipped then. */
	readonly needsIpv4?: string;
}

const optionsSchema = z.strictObject({
	question: z.string().optional(),
	claims: z.array(z.enum(Object.keys(CLAIMS))).optional(),
	limitMs: z.number().positive().optional(),
	needsIpv4: z.string().min(1).optional(),
	sysctls: sysctlsSchema.optional(),
	offloads: z.boolean().optional(),
	between: z.literal('router').optional(),
}) satisfies z.ZodObject<Record<keyof ScenarioOptions, z.ZodType>>;

const notesSchema = z.strictObject({ holds: z.string(), differs: z.string() });

/** The fresh lab that the body of a scenario gets. */
export interface ScenarioLab {
	readonly client: Host;
	readonly server: Host;
	readonly link: Link;
	readonly timeline: Timeline;
	/** Adds a caption to the timeline and the ladder: what the scenario does next. */
	step(text: string): void;
	/**
	 * Records the verdict on a claim: `held` says whether the claim holds. It must be computed from the timeline, never
	 * be a constant. The notes explain either verdict.
	 */
	claim(id: ClaimId, held: boolean, notes: VerdictNotes): void;
	/**
	 * Records a duration for comparison between kernels. The name must be unique among all scenarios and must contain
	 * everything that decides the duration, so that durations with different settings are never compared: `no answer to
	 * data, tcp_retries2 = 15`.
	 */
	measured(what: string, seconds: number): void;
}

/** The lab of a scenario with a router between the hosts. */
export interface RoutedScenarioLab extends ScenarioLab {
	readonly router: Router;
}

/** The lab that these options make. */
type LabWith<Options extends ScenarioOptions> = Options extends { readonly between: 'router' }
	? RoutedScenarioLab
	: ScenarioLab;

/** The body of a scenario. It may return the observed answer to the scenario's question. */
export type ScenarioBody<Of extends ScenarioLab = ScenarioLab> = (lab: Of) => Promise<string> | Promise<void>;

const DEFAULT_LIMIT_MS = 300_000;
/** The limit in virtual time, where even the kernel's longest timer costs little. Jest limits the real time. */
const A_DAY_MS = 86_400_000;
/** The time for everything outside the lab: making hosts, writing files, a busy machine. */
const OVERHEAD_MS = 120_000;

/**
 * Defines a Jest test with a fresh lab. The text that the body returns is the observed answer to the scenario's
 * question. At the end, also after a failure, the remaining faults are healed, the timeline is written, and both hosts
 * are removed.
 */
export function scenario(
	name: string,
	options: ScenarioOptions & { readonly between: 'router' },
	body: ScenarioBody<RoutedScenarioLab>,
): void;
export function scenario(name: string, options: ScenarioOptions, body: ScenarioBody): void;
export function scenario(name: string, options: ScenarioOptions, body: ScenarioBody<RoutedScenarioLab>): void {
	// Invalid options fail only their own scenario when it runs, not the whole file when it is loaded.
	const limitMs = Number(options?.limitMs) > 0 ? Number(options.limitMs) : DEFAULT_LIMIT_MS;
	const spec = jestExpect.getState().testPath ?? '';
	reserveFolder(name);
	const { needsIpv4 } = options ?? {};
	if (needsIpv4 !== undefined && currentFamily() === 'ipv6') {
		process.stderr.write(`skipped: ${name}: hosts have no IPv4, and ${needsIpv4}\n`);
		test.skip(`${name} (skipped: hosts have no IPv4, and ${needsIpv4})`, () => {});
		return;
	}
	// Concurrent: a scenario mostly waits for timers of its own kernel and does not disturb the others.
	test.concurrent(name, () => runAndPublish(spec, name, options, body), limitMs + OVERHEAD_MS);
}

/**
 * The titles of this file's scenarios, by the folders of their reports. Jest evaluates this module anew for each file.
 */
const titles = new Map<string, string>();

/** Refuses two scenarios whose reports would be written to the same folder. */
function reserveFolder(title: string): void {
	const folder = slugOf(title);
	const other = titles.get(folder);
	if (other !== undefined) {
		throw new HalfopenError('NAME_TAKEN', {
			problem:
				other === title
					? `Two scenarios of this file have the title “${title}”.`
					: 'Two scenarios of this file would write to the same folder.',
			seen: other === title ? undefined : `${folder}: “${other}” and “${title}”`,
			remedy: 'Give the two scenarios different titles: reports and verdicts are found by title.',
		});
	}
	titles.set(folder, title);
}

/**
 * Defines one scenario for each row of a table, like Jest's `test.each`. `$key` in the title is replaced by the row's
 * value of that key. The options may be a function of the row.
 */
scenario.each =
	<Row extends object>(rows: readonly Row[]) =>
	<const Options extends ScenarioOptions>(
		title: string,
		options: Options | ((row: Row) => Options),
		body: (lab: LabWith<Options>, row: Row) => ReturnType<ScenarioBody>,
	): void => {
		for (const row of rows) {
			const name = title.replace(/\$(\w+)/g, (_, key: string) => String(row[key as keyof Row]));
			const own: ScenarioOptions = typeof options === 'function' ? options(row) : options;
			scenario(name, own, (lab) => body(lab as LabWith<Options>, row));
		}
	};

/** Runs a scenario and publishes its progress to live subscribers. */
async function runAndPublish(
	spec: string,
	name: string,
	options: ScenarioOptions,
	body: ScenarioBody<RoutedScenarioLab>,
): Promise<void> {
	const { question } = checked(optionsSchema, options, `scenario “${name}”`);
	const live = publishLive({
		spec: fromProjectRoot(spec),
		scenario: name,
		...(question !== undefined && { question }),
	});
	try {
		await run(spec, name, options, body, live);
	} finally {
		live.close();
	}
}

async function run(
	spec: string,
	name: string,
	{ question, claims = [], sysctls, offloads, between, limitMs = DEFAULT_LIMIT_MS }: ScenarioOptions,
	body: ScenarioBody<RoutedScenarioLab>,
	live: Publisher,
): Promise<void> {
	const stopwatch = new Stopwatch();
	const engine = timed(await currentEngine(), stopwatch);
	const waits = new OpenWaits([() => stopwatch.begin('kernel'), (wait) => live.waiting(wait)]);
	const lab = await Lab.create(engine, { sysctls, offloads, between }, waits);
	const { client, server, link, timeline, history, clock } = lab;
	if (engine.virtualTime) live.timeBy(() => clock.now() * 1_000);
	const judge = new Judge(claims);
	const measuring = new MeasureCollector();
	const failures: unknown[] = [];
	let failedAt = Number.POSITIVE_INFINITY;
	let answer: string | undefined;
	const timelineSoFar = (): TimelineFile => ({
		version: TIMELINE_VERSION,
		scenario: name,
		spec: fromProjectRoot(spec),
		...(question !== undefined && { question }),
		...(answer !== undefined && { answer }),
		...(failures.length === 0
			? { outcome: 'passed' as const }
			: { outcome: 'failed' as const, failure: failureOf(failures[0]) }),
		...lab.facts,
		losses: [...history.losses],
		lastLook: history.lastLook,
		skipped: [...history.skipped],
		verdicts: [...judge.verdicts],
		...measuring.timelineField,
		events: [...history.events],
	});
	live.follow(history, timelineSoFar);
	try {
		const work: Promise<unknown> = body({
			client,
			server,
			link,
			// Bodies of scenarios without a router do not know of it.
			router: lab.router as Router,
			timeline,
			step: (text) =>
				history.add({ kind: 'step', t: history.at(clock.now()), text: checked(z.string(), text, 'step') }),
			claim: (id, held, notes) => {
				checked(z.boolean(), held, `claim ${id}: whether it held`);
				checked(notesSchema, notes, `claim ${id}: its notes`);
				assertNothingLost(history, `whether claim ${id} holds`);
				if (held || history.skipped.length === 0) judge.judge(id, held, notes);
				else {
					judge.leaveOpen(id);
					history.skip({ what: `claim ${id}`, why: 'it may differ only because of what was skipped before' });
				}
			},
			measured: (what, seconds) => measuring.add(what, seconds),
		});
		const observed = await within(work, engine.virtualTime ? A_DAY_MS : limitMs, lab, waits);
		if (typeof observed === 'string') answer = observed;
		judge.assertComplete();
		lab.assertAwaited();
	} catch (error) {
		failedAt = history.at(clock.now());
		failures.push(error);
	}
	const keep = (error: unknown) => void failures.push(error);
	await lab.end().catch(keep);
	await lab.destroy().catch(keep);
	const written = timelineSoFar();
	const captures = {
		client: client.packets.bytes,
		...(lab.router && { router: lab.router.packets.bytes }),
		server: server.packets.bytes,
	};
	await writeArtifacts(written, captures, stopwatch.cost).catch(keep);
	live.finished(written);
	// The first failure is the cause; later ones (a fault that could not be healed) mostly follow from it.
	if (failures.length > 0)
		throw withLadder(failures[0], written, failedAt, fromProjectRoot(artifactPath(written, 'svg')));
}

/** Returns an error for the timeline file: its message without colours, and its code. */
function failureOf(error: unknown): NonNullable<TimelineFile['failure']> {
	const message = stripVTControlCharacters(error instanceof Error ? error.message : String(error));
	return { message, ...(error instanceof HalfopenError && { code: error.code }) };
}

/** Resolves with the result of the work. Rejects when the limit passes or the lab is lost before. */
async function within<T>(work: Promise<T>, limitMs: number, { clock, lost }: Lab, waits: OpenWaits): Promise<T> {
	const stop = new AbortController();
	const limit = clock.sleep(limitMs, stop.signal).then(() => {
		if (stop.signal.aborted) return new Promise<never>(() => {});
		throw new HalfopenError('LIMIT_PASSED', {
			problem: `The scenario did not end within ${limitMs / 1_000} s.`,
			seen:
				waits.open.map(({ what }) => `still waiting for ${what}`).join('\n') ||
				'the scenario was waiting for nothing in the lab',
			remedy: 'Give the wait a limit below the scenario’s, or raise the scenario’s limit with its option limitMs.',
		});
	});
	try {
		return await Promise.race([work, limit, lost]);
	} finally {
		stop.abort();
	}
}
