import { HalfopenError } from '../errors.ts';
import type { HostObserver } from './coverage.ts';
import { HOST_NAMES, type HostName, type MachineName } from './events.ts';
import type { History } from './history.ts';
import type { Loss } from './timeline-file.ts';

/** What is to be judged, as the subject of “cannot be judged” in the error. */
type Judged = string;

/** Throws OBSERVER_LOST if one of these observers had a loss at any time: an absence in its records proves nothing. */
export function assertNeverBlind(history: History, judged: Judged, ...observed: readonly HostObserver[]): void {
	const loss = history.coverage.anyLoss(...observed);
	if (loss) throw observerLost(loss, judged);
}

/** Throws OBSERVER_LOST if one of these observers has a loss that has not ended: what is awaited would not be seen. */
export function assertSees(history: History, judged: Judged, ...observed: readonly HostObserver[]): void {
	const loss = history.coverage.openLoss(...observed);
	if (loss) throw observerLost(loss, judged);
}

/** Throws OBSERVER_LOST if one of these observers had a loss after `t`, in seconds of the history. */
export function assertSawSince(
	t: number,
	history: History,
	judged: Judged,
	...observed: readonly HostObserver[]
): void {
	const loss = history.coverage.anyLossSince(t, ...observed);
	if (loss) throw observerLost(loss, judged);
}

/**
 * Throws OBSERVER_LOST if the log of one of these firewalls had a loss at any time: only the log shows packets that a
 * rule drops when they leave.
 */
export function assertAllLogged(history: History, judged: Judged, hosts: readonly HostName[]): void {
	const loss = hosts.map((host) => lossOfLog(history, host)).find(Boolean);
	if (loss) throw observerLost(loss, judged);
}

/** Throws OBSERVER_LOST if the logs of all these firewalls have a loss that has not ended. */
export function assertAnyLogs(history: History, judged: Judged, hosts: readonly MachineName[]): void {
	const losses = hosts.map((host) => lossOfLog(history, host, ({ until }) => until === undefined));
	const [first] = losses;
	if (first && losses.every(Boolean)) throw observerLost(first, judged);
}

/**
 * Returns a loss of the firewall's log itself. Losses of `rules` do not count: the log still shows the lab's own rules.
 */
function lossOfLog(
	{ losses }: History,
	host: MachineName,
	matches: (loss: Loss) => boolean = () => true,
): Loss | undefined {
	return losses.find(
		(loss) => loss.observer === 'firewall' && loss.host === host && loss.since !== undefined && matches(loss),
	);
}

/** Throws OBSERVER_LOST if any observer had a loss at any time: a verdict depends on the whole record. */
export function assertNothingLost(history: History, judged: Judged): void {
	const loss = history.losses.find(({ since }) => since !== undefined);
	if (loss) throw observerLost(loss, judged);
}

const onBoth = (observer: HostObserver['observer']): HostObserver[] => HOST_NAMES.map((host) => ({ observer, host }));

/** The observers that show that there was a segment. */
export const CAPTURES: readonly HostObserver[] = onBoth('capture');
/** The observers of a router, if there is one: they tell its own segments from those that it forwards. */
const ROUTER_OBSERVERS: readonly HostObserver[] = [
	{ observer: 'capture', host: 'router' },
	{ observer: 'conntrack', host: 'router' },
];
/** The observers that must not have lost anything for the list of segments to be complete. */
export const LIST_OBSERVERS: readonly HostObserver[] = [...CAPTURES, ...ROUTER_OBSERVERS];
/** The observers that show that there was a segment, and its fate. */
export const SEGMENT_OBSERVERS: readonly HostObserver[] = [
	...LIST_OBSERVERS,
	...onBoth('firewall'),
	{ observer: 'firewall', host: 'wire' },
	{ observer: 'firewall', host: 'router' },
];

function observerLost({ observer, host, what, since = 0, until }: Loss, judged: Judged): HalfopenError {
	const subject =
		observer === 'rules'
			? `What the ${host}’s firewall does`
			: host === undefined
				? `The observer “${observer}”`
				: `The ${host}’s observer “${observer}”`;
	const time =
		until === undefined ? `since ${since.toFixed(3)} s` : `from ${since.toFixed(3)} s to ${until.toFixed(3)} s`;
	return new HalfopenError('OBSERVER_LOST', {
		problem: `${subject} ${observer === 'rules' ? 'is unknown' : 'was lost'} ${time}, so ${judged} cannot be judged.`,
		seen: what,
		remedy:
			'Read its last output, and find out what ended it: a tool of the spec, or the kernel when memory ran out ' +
			'(dmesg). Then run the scenario again.',
	});
}
