import type { Engine } from '../harness/engines/engine.ts';
import { Lab } from '../harness/lab/lab.ts';
import { CallExpectation } from '../harness/matchers/call-matchers.ts';
import type { Handover } from '../harness/run/handover.ts';
import { retransmissionTimeout } from '../harness/tcp/retransmission.ts';
import { largestPeakMib } from './memory.ts';
import type { Measured, Waited } from './results.ts';
import { rounded, timed } from './sides.ts';
import { loadOf, say } from './surroundings.ts';

/** The kernel's default. */
const RETRIES2 = 15;

/** Waits in virtual time, by name. */
const WAITING: Readonly<Record<string, (lab: Lab) => Promise<void>>> = {
	'60 s, idle': (lab) => idle(lab, 60),
	[`ETIMEDOUT, tcp_retries2 = ${RETRIES2}`]: untilTimeout,
	'7200 s, idle': (lab) => idle(lab, 7_200),
};

/** Measures how much time passes in labs with virtual time while they wait, and how much wall time that takes. */
export async function measureWaiting(engine: Engine, site: Handover): Promise<Measured['waiting']> {
	const { result, ...when } = await loadOf(async () => {
		const waited: Record<string, Waited> = {};
		for (const [name, wait] of Object.entries(WAITING)) {
			say(`${site.engine}: ${name}`);
			waited[name] = await measureOne(engine, site, wait);
		}
		return waited;
	});
	return { ...when, waited: result };
}

async function measureOne(
	engine: Engine,
	{ engine: name, run }: Handover,
	wait: (lab: Lab) => Promise<void>,
): Promise<Waited> {
	// A sysctl of the lab is written in the guest, so the guest has been restored when the lab is ready.
	const lab = await Lab.create(engine, { sysctls: { tcp_retries2: RETRIES2 } });
	try {
		const { clock } = lab;
		const before = clock.now();
		const [, wallMs] = await timed(() => wait(lab));
		return { ...pace(clock.now() - before, wallMs / 1_000), memory_mib: await largestPeakMib(name, run) };
	} finally {
		await lab.destroy();
	}
}

/** Returns the seconds that passed in a lab, the wall time, and their ratio. */
export function pace(guest: number, wall: number): Omit<Waited, 'memory_mib'> {
	return { guest_s: rounded(guest, 1), wall_s: rounded(wall, 2), ratio: rounded(guest / wall, 0) };
}

function idle({ clock }: Lab, seconds: number): Promise<void> {
	return clock.sleep(seconds * 1_000, new AbortController().signal);
}

/** The client sends while all packets are dropped, until ETIMEDOUT. */
async function untilTimeout({ client, server }: Lab): Promise<void> {
	const listener = await server.socket();
	await listener.listen(8080);
	const writer = await client.socket();
	await writer.connect(server.port(8080));
	await server.drop();
	await writer.send('hello, are you there?');
	await new CallExpectation(writer.recv()).toFailWith('ETIMEDOUT', {
		after: retransmissionTimeout({ retries2: RETRIES2 }),
	});
}
