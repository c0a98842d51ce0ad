import { z } from 'zod';
import { eventSchema, machineName, NODE_NAMES, type NodeName } from './events.ts';

/** The version of the schema. It is raised when a reader of the old form would misread the new one. */
export const TIMELINE_VERSION = 2;

/** A source of times, its clock and its precision. */
const clock = z.object({
	source: z.enum(['strace', 'capture', 'ss', 'kernel', 'harness']),
	clock: z.string(),
	/** Two events of different sources that are closer than this, in seconds, have no order. */
	precision: z.number(),
});

/** Something that an observer did not see. */
const loss = z.object({
	observer: z.string(),
	host: machineName.optional(),
	what: z.string(),
	/**
	 * From this time on, in seconds, everything that the observer would have reported is unknown. Absent if it missed
	 * only what `what` names.
	 */
	since: z.number().optional(),
	/** The end of the loss: from this time on the observer reports everything again. */
	until: z.number().optional(),
});

/** Whether hosts let their network devices split packets into segments, which is the kernel's default. */
const offloads = z.enum(['off', 'on']);

/** The settings of `family`. */
export const FAMILIES = ['ipv4', 'ipv6', 'dual'] as const;
/**
 * Which addresses the hosts of a lab have: IPv4, IPv6, or both. With both, peers use IPv4 unless a spec says otherwise.
 */
const family = z.enum(FAMILIES);

const host = z.object({
	/** The address that peers use, unless a spec says otherwise. */
	ip: z.string(),
	/** For the family `dual`: its IPv6 address. */
	ipv6: z.string().optional(),
	mac: z.string(),
});

/** An expectation or a claim that could not be tested in this environment, and the reason. */
const skip = z.object({ what: z.string(), why: z.string() });

/** A verdict on a claim of the catalogue. */
const verdict = z.object({ id: z.string(), verdict: z.enum(['holds', 'differs']), note: z.string() });

/**
 * A duration to compare between kernels. `what` names every setting that the duration depends on: with another setting
 * it is another measure.
 */
const measure = z.object({ what: z.string().min(1), seconds: z.number().min(0) });

/**
 * The schema of `timeline.json`: everything that a lab recorded. The types are inferred from it, and
 * `docs/timeline.schema.json` is generated from it.
 */
export const timelineSchema = z.object({
	version: z.literal(TIMELINE_VERSION),
	scenario: z.string(),
	/** The spec file, relative to the project. */
	spec: z.string(),
	/** What the scenario asks, and the answer that was observed. */
	question: z.string().optional(),
	answer: z.string().optional(),
	outcome: z.enum(['passed', 'failed']),
	/** The message of the first error, and its code if it has one. */
	failure: z.object({ message: z.string(), code: z.string().optional() }).optional(),
	/** Wall clock of the hosts' machine at t = 0, ISO 8601. */
	startedAt: z.string(),
	engine: z.string(),
	/** Absent in files of earlier versions, whose labs had IPv4. */
	family: family.optional(),
	/** `off`: each captured packet is one segment. `on`: a host may send and capture several segments as one packet. */
	offloads,
	/** `sysctls`: all TCP sysctls that can be read, and the others below net.ipv4 that the scenario set. */
	kernel: z.object({ release: z.string(), sysctls: z.record(z.string(), z.string()) }),
	tools: z.record(z.string(), z.string()),
	hosts: z.object({
		client: host,
		server: host,
		/**
		 * The router, if the wire is one. `ip` and `mac` are those of its interface to the client; `serverSide` is the other
		 * one.
		 */
		router: host.extend({ serverSide: host }).optional(),
	}),
	clocks: z.array(clock),
	/** Empty if every observer saw everything. */
	losses: z.array(loss),
	/** When `ss` last sampled each node. Later changes of states that only `ss` shows are not known. */
	lastLook: z
		.object({ client: z.number().optional(), router: z.number().optional(), server: z.number().optional() })
		.optional(),
	skipped: z.array(skip),
	verdicts: z.array(verdict),
	/** Absent if nothing was measured. */
	measures: z.array(measure).optional(),
	events: z.array(eventSchema),
});
export type TimelineFile = z.infer<typeof timelineSchema>;
export type Family = z.infer<typeof family>;
export type Offloads = z.infer<typeof offloads>;
export type Loss = z.infer<typeof loss>;
export type Skip = z.infer<typeof skip>;
export type Verdict = z.infer<typeof verdict>;
export type Measure = z.infer<typeof measure>;

/** Returns the nodes of a lab, in the order of the lifelines. */
export const nodesOf = ({ hosts }: Pick<TimelineFile, 'hosts'>): NodeName[] =>
	NODE_NAMES.filter((node) => hosts[node] !== undefined);
