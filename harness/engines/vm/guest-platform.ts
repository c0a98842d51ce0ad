import { Duplex, PassThrough } from 'node:stream';
import { type Agent, type AgentProcess, describeEnd } from '../../agent/agent.ts';
import type { Platform, PlatformProcess } from '../shared-namespaces/platform.ts';
import { OPT_IN_GUEST } from './initramfs.ts';

/**
 * A guest's files are discarded with the guest. The machine gets its own /run for files that programs write (the locks
 * of iptables). The peers are mounted over /opt.
 */
const FILES = {
	machine: `mount -t tmpfs tmpfs /run\nmount -t overlay -o "ro,lowerdir=${OPT_IN_GUEST}:/opt" overlay /opt`,
	userland: '',
};

/** Returns the platform inside a guest. Commands run through the agent that the guest's init process started. */
export function guestPlatform(agent: Agent): Platform {
	const run: Platform['run'] = async (argv) => {
		const { status, out, err } = await agent.run(argv);
		return { succeeded: status === 0, out, err };
	};
	return {
		asRoot: true,
		files: FILES,
		start: (argv) => start(agent, argv),
		run,
		read: async (path) => (await run(['cat', path])).out,
	};
}

async function start(agent: Agent, argv: readonly string[]): Promise<PlatformProcess> {
	let process: AgentProcess | undefined;
	const channel = new Duplex({
		read: () => {},
		write: (bytes: Buffer, _encoding, done) => {
			process?.write(bytes).then(() => done(), done);
		},
		final: (done) => {
			process?.end().then(() => done(), done);
		},
	});
	const err = new PassThrough();
	process = await agent.spawn(argv, { out: (bytes) => channel.push(bytes), err: (bytes) => err.write(bytes) });
	const { pid, exited, drained } = process;
	void drained.then(
		() => channel.push(null),
		(error: Error) => channel.destroy(error),
	);
	void drained.catch(() => {}).then(() => err.destroy());
	return {
		pid,
		channel,
		err,
		exited: exited.then(describeEnd, (error: Error) => error.message),
		async kill(child) {
			if (child === undefined) await process.signal('SIGKILL').catch(() => {});
			else await agent.run(['kill', '-KILL', String(child)]);
		},
	};
}
