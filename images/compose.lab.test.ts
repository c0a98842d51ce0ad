import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from '@jest/globals';
import {
	DockerComposeEnvironment,
	type StartedDockerComposeEnvironment,
	type StartedTestContainer,
} from 'testcontainers';
import { findCompose } from '../harness/cli/setup/compose.ts';
import { imageContext } from '../harness/engines/docker/image.ts';
import { HalfopenError } from '../harness/errors.ts';
import { testOn } from '../harness/run/fixtures/on-engine.ts';
import { currentRun } from '../harness/run/handover.ts';

const limit = 120_000;
const port = '8080';
const project = `halfopen-play-${process.pid}`;

const testOnDocker = testOn('docker', 'about the containers of docker-compose.yml');

testOnDocker(
	'the warm-up of docs/engines.md, by hand: what is typed arrives, and the side that closes first is left in TIME-WAIT',
	async () => {
		await using hosts = await bringUp();
		const [client, server] = [host(hosts, 'client'), host(hosts, 'server')];

		const listening = run(server, `exec nc -l ${port} </dev/null >/tmp/received`);
		await eventually(() => run(server, 'ss -Htln'), `:${port} `);

		// The pipe is opened for reading and writing. So opening it does not block, and its input never ends, like that of
		// a terminal.
		const connecting = run(
			client,
			`mkfifo /tmp/typed; echo $$ >/tmp/nc.pid; exec nc 198.18.255.3 ${port} <>/tmp/typed`,
		);
		await eventually(() => run(client, 'ss -Htn'), `ESTAB 0 0 198.18.255.2:\\d+ 198.18.255.3:${port}`);

		await run(client, 'echo "hello, are you there?" >/tmp/typed');
		await eventually(() => run(server, 'cat /tmp/received'), '^hello, are you there\\?\n$');

		await run(client, 'kill -INT $(cat /tmp/nc.pid)');
		await Promise.all([listening, connecting]);
		await eventually(() => sockets(client), `^TIME-WAIT 0 0 198.18.255.2:\\d+ 198.18.255.3:${port} *$`);
		expect(await sockets(server)).toBe('');
	},
	limit,
);

async function bringUp(): Promise<StartedDockerComposeEnvironment> {
	const compose = await findCompose();
	if (compose === undefined) {
		throw new HalfopenError('TOOL_MISSING', {
			problem: 'No compose is installed on this machine.',
			remedy: 'Run `npm run setup` on Debian or Ubuntu; elsewhere install the compose plugin of Docker.',
		});
	}
	const environment = new DockerComposeEnvironment(imageContext, 'docker-compose.yml')
		.withProjectName(project)
		.withEnvironment(labelsOfThisRun())
		.withAutoCleanup(false);
	if (compose.standalone !== undefined)
		environment.withClientOptions({ executable: { standalone: true, executablePath: compose.standalone } });
	return environment.up();
}

/** With these labels the run's watchdog finds the hosts if this test is killed. */
function labelsOfThisRun(): Record<string, string> {
	const { id, owner } = currentRun().run;
	return { HALFOPEN_RUN_ID: id, HALFOPEN_RUN_OWNER: owner };
}

/**
 * Returns the container of a service. Compose v2 joins the parts of its name with `-`, and testcontainers then knows it
 * by the service alone; 1.29 joins them with `_`, and testcontainers knows it by the whole name.
 */
function host(hosts: StartedDockerComposeEnvironment, service: string): StartedTestContainer {
	for (const name of [`${service}-1`, `${project}_${service}_1`]) {
		try {
			return hosts.getContainer(name);
		} catch {}
	}
	throw new Error(`compose started no ${service}`);
}

async function run(container: StartedTestContainer, script: string): Promise<string> {
	const { output } = await container.exec(['sh', '-c', script]);
	return output;
}

/** Returns the sockets on the port of this test, in any state. Docker's name server listens on another port. */
async function sockets(container: StartedTestContainer): Promise<string> {
	const rows = await run(container, `ss -Htan '( sport = :${port} or dport = :${port} )'`);
	return rows.trim();
}

async function eventually(read: () => Promise<string>, pattern: string): Promise<void> {
	const end = Date.now() + 20_000;
	let seen = await read();
	while (!new RegExp(pattern).test(seen.replaceAll(/ +/g, ' '))) {
		if (Date.now() > end) throw new Error(`Waited for ${pattern}, and saw:\n${seen}`);
		await sleep(50);
		seen = await read();
	}
}
