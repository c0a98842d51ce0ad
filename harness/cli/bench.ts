import Dockerode from 'dockerode';
import { orExplain } from '../report/run-jest.ts';
import { currentEngine } from '../run/current.ts';
import setup from '../run/setup.ts';
import teardown from '../run/teardown.ts';
import { bareDocker } from './bench/bare-docker.ts';
import { ours } from './bench/ours.ts';
import { report } from './bench/report.ts';
import { alternately, figures } from './bench/sides.ts';

const ROUNDS = 10;

/** What labs cost, beside what the engine costs alone: side by side, on this machine, now. Ended by Ctrl-C it leaves the sweeping to the watchdog. */
async function bench(): Promise<void> {
	await setup();
	try {
		const opened = globalThis.halfopenRun;
		if (!opened) throw new Error('setup opened no run');
		const { run, open } = opened;
		const { image = '', firstBlock } = open.facts;
		const engine = await currentEngine();
		const bare = bareDocker({ docker: new Dockerode(), run, image, firstBlock: Number(firstBlock) });
		const times = await alternately(ours(engine), bare, ROUNDS, (round) =>
			process.stderr.write(round === 0 ? 'warming up\n' : `round ${round} of ${ROUNDS}\n`),
		);
		process.stdout.write(`\n${await report(figures(times))}`);
	} finally {
		await teardown();
	}
}

await orExplain(bench);
