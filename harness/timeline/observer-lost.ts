import { HalfopenError } from '../errors.ts';
import type { HostObserver } from './coverage.ts';
import { HOST_NAMES, type HostName } from './events.ts';
import type { History } from './history.ts';
import type { Loss } from './timeline-file.ts';

/** What is judged, or to be proven, as the subject of “cannot be told”. */
type Judged = string;

/** Fails where one of these observers was lost at any time: whatever rests on what was not seen is unknown then. */
export function assertNeverBlind(history: History, judged: Judged, ...observed: readonly HostObserver[]): void {
	const loss = history.coverage.anyLoss(...observed);
	if (loss) throw observerLost(loss, judged);
}

/** Fails where one of these observers sees nothing any more: what it alone could tell will never be told. */
export function assertSees(history: History, judged: Judged, ...observed: readonly HostObserver[]): void {
	const loss = history.coverage.openLoss(...observed);
	if (loss) throw observerLost(loss, judged);
}

/** Fails where one of these observers did not see all that has happened since `t`, in seconds of the history. */
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
 * Fails where the log of one of these firewalls was lost at any time: what a rule drops as it leaves, no capture sees.
 */
export function assertAllLogged(history: History, judged: Judged, hosts: readonly HostName[]): void {
	const loss = hosts.map((host) => lossOfLog(history, host)).find(Boolean);
	if (loss) throw observerLost(loss, judged);
}

/** Fails where all of these firewalls have lost their logs: none of them will tell any more what it dropped. */
export function assertAnyLogs(history: History, judged: Judged, hosts: readonly HostName[]): void {
	const losses = hosts.map((host) => lossOfLog(history, host, ({ until }) => until === undefined));
	const [first] = losses;
	if (first && losses.every(Boolean)) throw observerLost(first, judged);
}

/** Rules that are not the lab's do not count: of the lab's own the log tells all the same. */
function lossOfLog(
	{ losses }: History,
	host: HostName,
	isMeant: (loss: Loss) => boolean = () => true,
): Loss | undefined {
	return losses.find(
		(loss) => loss.observer === 'firewall' && loss.host === host && loss.since !== undefined && isMeant(loss),
	);
}

/** Fails where any observer was lost at any time: a verdict rests on all that was recorded. */
export function assertNothingLost(history: History, judged: Judged): void {
	const loss = history.losses.find(({ since }) => since !== undefined);
	if (loss) throw observerLost(loss, judged);
}

const onBoth = (observer: HostObserver['observer']): HostObserver[] => HOST_NAMES.map((host) => ({ observer, host }));

/** What shows that there was a segment. */
export const CAPTURES: readonly HostObserver[] = onBoth('capture');
/** What shows that there was a segment, and what became of it. */
export const SEGMENT_OBSERVERS: readonly HostObserver[] = [...CAPTURES, ...onBoth('firewall')];

function observerLost({ observer, host, what, since = 0, until }: Loss, judged: Judged): HalfopenError {
	const whose =
		observer === 'rules'
			? `What the ${host}’s firewall does`
			: host === undefined
				? `The observer “${observer}”`
				: `The ${host}’s observer “${observer}”`;
	const time =
		until === undefined ? `since ${since.toFixed(3)} s` : `from ${since.toFixed(3)} s to ${until.toFixed(3)} s`;
	return new HalfopenError('OBSERVER_LOST', {
		problem: `${whose} ${observer === 'rules' ? 'is unknown' : 'was lost'} ${time}, so ${judged} cannot be judged.`,
		seen: what,
		remedy:
			'Read its last output, and find out what ended it: a tool of the spec, or the kernel when memory ran out ' +
			'(dmesg). Then run the scenario again.',
	});
}
