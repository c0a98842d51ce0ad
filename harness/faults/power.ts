import { HalfopenError } from '../errors.ts';
import type { LabContext } from '../lab/context.ts';
import type { HostName } from '../timeline/events.ts';
import { assertSawSince } from '../timeline/observer-lost.ts';
import { type Fault, inject } from './fault.ts';

/** The switch of a host, as the host itself offers it. */
export interface PowerSwitch {
	readonly name: HostName;
	/**
	 * Takes it off the wire, then ends it; returns the moment from which nothing could leave, in seconds of the history.
	 */
	off(): Promise<number>;
	/** Returns what `ss` shows of the new stack. */
	on(): Promise<{ boot: number; sockets: number }>;
	/**
	 * The other host, when its observers have told all that reached it or are known to be lost; undefined if it is off as
	 * well.
	 */
	flushOther(): Promise<HostName | undefined>;
}

/**
 * Power off: nothing of the host is left, and nothing of it told the peer. That is proven by the other host's capture:
 * alive, for it shows a sentinel, and with no segment of this host after the moment of the cut.
 */
export function powerOff(power: PowerSwitch, context: LabContext): Promise<Fault> {
	const { name } = power;
	return inject(
		// At the end of a scenario the machines go anyway: nobody waits for one to boot.
		{ ...context, onEnd: () => {} },
		{ id: context.names.take('power'), what: 'power', host: name, text: `${name}: power off` },
		{
			inject: async () => ({ t: await power.off() }),
			prove: (t) => proofOfSilence(power, context, t),
			heal: async () => {
				const { boot, sockets } = await power.on();
				return {
					proof:
						`power on, boot ${boot}: the same address and MAC, and ` +
						`${sockets === 0 ? 'no socket' : `${sockets} sockets`}`,
				};
			},
		},
	);
}

async function proofOfSilence(
	{ name, flushOther }: PowerSwitch,
	{ history }: LabContext,
	since: number,
): Promise<string> {
	const other = await flushOther();
	if (other === undefined) return 'both hosts are off: nobody is there to hear it';
	assertSawSince(since, history, `whether the ${other} heard of the ${name}’s power off`, {
		observer: 'capture',
		host: other,
	});
	const late = history.segments.filter(
		({ host, arrived }) => host === name && arrived !== undefined && arrived > since,
	);
	if (late.length === 0)
		return 'the other host’s capture is alive (it shows a sentinel), and has no FIN, no RST, nothing of it since';
	throw new HalfopenError('FAULT_WITHOUT_EFFECT', {
		problem: `The ${name}’s power was switched off, but segments of it reached the other host after that.`,
		seen: late.map(({ arrived, flags }) => `${arrived?.toFixed(6)} ${flags}`).join('\n'),
		remedy: 'Report a bug: the engine must disconnect the host from the wire before it ends the host.',
	});
}
