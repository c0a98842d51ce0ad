import { HalfopenError } from '../errors.ts';
import { unmapped } from '../formats/address.ts';
import type { Endpoint } from '../formats/types.ts';
import { errnoName } from '../tcp/errnos.ts';
import type { Message } from './framing.ts';
import { type AgentProcess, describeEnd, type ProcessEnd } from './process.ts';
import { Refusal, type Requests } from './requests.ts';
import { CALLS, type CallArguments, type CallName, type CallResult } from './socket-calls.ts';

/**
 * A process that makes exactly the socket calls that the harness requests. It can block in them, and be killed by
 * SIGPIPE.
 */
export class ControlledProcess {
	readonly pid: number;
	/** Resolves when the process has ended. Rejects with AGENT_GONE. */
	readonly exited: Promise<ProcessEnd>;
	/** Resolves immediately: a controlled process has no streams. */
	readonly drained: Promise<void>;
	readonly #requests: Requests;
	readonly #id: number;
	readonly #process: AgentProcess;

	/** Called by `Agent` when the agent has answered. */
	constructor(requests: Requests, id: number, process: AgentProcess) {
		this.pid = process.pid;
		this.exited = process.exited;
		this.drained = process.drained;
		this.#requests = requests;
		this.#id = id;
		this.#process = process;
	}

	/** How the process ended; undefined while it runs. */
	get ended(): ProcessEnd | undefined {
		return this.#process.ended;
	}

	/**
	 * Makes one call in a new thread. Resolves when the call returns; a failed call is a result with an errno. The
	 * result need not be awaited. Rejects with PEER_EXITED if the process ends before, and with OPTION_INVALID if no call
	 * can be made with these arguments.
	 */
	call<Name extends CallName>(name: Name, ...args: CallArguments<Name>): Promise<CallResult<Name>> {
		const result = this.#call(name, args);
		/* A blocking call may still be pending when the lab ends. */
		result.catch(() => {});
		return result;
	}

	async #call<Name extends CallName>(name: Name, args: CallArguments<Name>): Promise<CallResult<Name>> {
		const makeWords = CALLS[name].words as (...args: unknown[]) => (string | number | Uint8Array)[];
		try {
			return parseResult(name, await this.#requests.ask('call', [this.#id, name, ...makeWords(...args)]));
		} catch (error) {
			throw error instanceof Refusal ? this.#explain(name, error) : error;
		}
	}

	/** Sends a signal to the process. Rejects with PEER_EXITED if it has ended. */
	signal(name: NodeJS.Signals): Promise<void> {
		return this.#process.signal(name);
	}

	/** Makes the process exit with status 0. The kernel closes its sockets. */
	async exit(): Promise<ProcessEnd> {
		await this.#process.end();
		return this.exited;
	}

	#explain(name: CallName, refusal: Refusal): HalfopenError {
		if (refusal.errno !== 'ESRCH') {
			return new HalfopenError('OPTION_INVALID', {
				problem: `${name} cannot be called with these arguments.`,
				seen: refusal.seen,
				remedy: 'Correct the arguments: harness/agent/PROTOCOL.md lists those of each call.',
				cause: refusal,
			});
		}
		const how = this.ended ? describeEnd(this.ended) : 'is gone';
		return new HalfopenError('PEER_EXITED', {
			problem: `The controlled process ${this.pid} ${how} before ${name} returned.`,
			remedy: 'Expect the end of the process instead of the result of the call.',
			cause: refusal,
		});
	}
}

function parseResult<Name extends CallName>(name: Name, { words }: Message): CallResult<Name> {
	const [start, seconds, result, errno = '', local = '', remote = ''] = words
		.slice(0, 6)
		.map((word) => word.toString());
	const about = {
		t: Number(start),
		took: Number(seconds),
		returned: Number(result),
		...endOf('local', local),
		...endOf('remote', remote),
	};
	if (errno === '0') return { ...about, ...CALLS[name].values(words.slice(6)) } as CallResult<Name>;
	return { ...about, errno: errnoName(Number(errno)) } as CallResult<Name>;
}

function endOf(which: 'local' | 'remote', text: string): { [End in typeof which]?: Endpoint } {
	const [, six, four, port] = /^(?:\[([\da-f:.]+)\]|([\d.]+)):(\d+)$/.exec(text) ?? [];
	const address = six ?? four;
	return address === undefined ? {} : { [which]: { address: unmapped(address), port: Number(port) } };
}
