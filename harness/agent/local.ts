import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { Duplex } from 'node:stream';
import { Agent } from './agent.ts';

/**
 * Returns a duplex channel over the standard input and output of a process. Unlike `Duplex.from` it delivers all output
 * of a process that has died. Errors of its standard input are ignored: they mean that the process has ended.
 */
export function channelTo(child: ChildProcessWithoutNullStreams): Duplex {
	const channel = new Duplex({
		read: () => void child.stdout.resume(),
		write: (bytes, _encoding, done) => void child.stdin.write(bytes, () => done()),
		final: (done) => void child.stdin.end(() => done()),
		destroy: (error, done) => {
			child.stdin.destroy();
			child.stdout.destroy();
			done(error);
		},
	});
	child.stdin.on('error', () => {});
	child.stdout.on('data', (bytes) => {
		if (!channel.push(bytes)) child.stdout.pause();
	});
	child.stdout.on('end', () => channel.push(null));
	child.stdout.on('error', (error) => channel.destroy(error));
	child.on('error', (error) => channel.destroy(error));
	return channel;
}

/**
 * Starts an agent as a process of this machine and connects to it. `prefix` is a command prefix, such as `ip netns exec
 * …`.
 */
export function startLocalAgent(
	path: string,
	name: string,
	{ prefix = [] }: { prefix?: readonly string[] } = {},
): Promise<Agent> {
	const [program = path, ...args] = [...prefix, path];
	const child = spawn(program, args, { stdio: 'pipe' });
	return Agent.connect(channelTo(child), name, { stderr: child.stderr });
}
