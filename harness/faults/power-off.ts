import { HalfopenError } from '../errors.ts';
import type { LabContext } from '../lab/context.ts';
import type { HostName } from '../timeline/events.ts';
import { assertSawSince } from '../timeline/observer-lost.ts';
import { type Fault, inject } from './fault.ts';

/** The operations of a host that a power off needs. */
export interface PowerSwitch {
	readonly name: HostName;
	/**
	 * Disconnects the host from the wire, then ends it. Returns the time from which nothing could leave, in seconds of
	 * the history.
	 */
	off(): Promise<number>;
	/** Starts a new boot. Returns its number, and how many sockets `ss` shows on it. */
	on(): Promise<{ boot: number; sockets: number }>;
	/** Flushes the other host's observers and returns its name. Returns undefined if that host is off, too. */
	flushOther(): Promise<HostName | undefined>;
}

/**
 * Powers a host off: everything on it ends, and the other host is not notified. The proof is the other host's capture:
 * it still works, because it shows a sentinel, and it has no segment of this host after the time of the power off.
 */
export function powerOff(power: PowerSwitch, context: LabContext): Promise<Fault> {
	const { name } = power;
	return inject(
		// Not healed at the end of the scenario: the machines are removed anyway, and a boot takes time.
		{ ...context, onEnd: () => {} },
		{ id: context.names.take('power'), what: 'power', host: name, text: `${name}: power off` },
		{
			inject: async () => ({ t: await power.off() }),
			prove: (t) => proveSilence(power, context, t),
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

async function proveSilence(power: PowerSwitch, { history }: LabContext, since: number): Promise<string> {
	const { name } = power;
	const other = await power.flushOther();
	if (other === undefined) return 'both hosts are off: no host can receive anything';
	assertSawSince(since, history, `whether the ${other} received anything after the ${name}’s power off`, {
		observer: 'capture',
		host: other,
	});
	const late = history.segments.filter(
		({ host, arrived }) => host === name && arrived !== undefined && arrived > since,
	);
	if (late.length === 0)
		return 'the other host’s capture works (it shows a sentinel), and has no FIN, no RST, no segment of it since then';
	throw new HalfopenError('FAULT_WITHOUT_EFFECT', {
		problem: `The ${name}’s power was switched off, but segments of it reached the other host after that.`,
		seen: late.map(({ arrived, flags }) => `${arrived?.toFixed(6)} ${flags}`).join('\n'),
		remedy: 'Report a bug: the engine must disconnect the host from the wire before it ends the host.',
	});
}
