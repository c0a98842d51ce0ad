import { Agent } from '../../agent/agent.ts';
import { HalfopenError } from '../../errors.ts';
import { type NamespaceProcess, NO_IPV6, startInNamespaces, wirePrefix } from './namespace-process.ts';
import type { Platform } from './platform.ts';

const BRIDGE = 'wire';

const SCRIPT = `
${NO_IPV6}
echo made >&2
`;

/** A bridge in a separate network namespace. */
export class Wire {
	/**
	 * Resolves when machines can be created. An ordinary user's machines join the wire's user namespace, so they wait
	 * until it exists. Root's machines need not wait.
	 */
	readonly made: Promise<unknown>;
	readonly #process: Promise<NamespaceProcess>;
	/** Resolves when the bridge exists. Machines may start before that. */
	readonly #agent: Promise<Agent>;

	constructor(platform: Platform) {
		this.#process = startInNamespaces(platform, wirePrefix(platform), SCRIPT);
		const isolated = this.#process.then((process) => process.reported('made'));
		this.made = platform.asRoot ? this.#process : isolated;
		this.#agent = this.#bridge(isolated);
		// `plug` reports the error.
		this.#agent.catch(() => {});
	}

	async pid(): Promise<number> {
		return (await this.#process).pid;
	}

	async #bridge(isolated: Promise<void>): Promise<Agent> {
		await isolated;
		const agent = await Agent.connect((await this.#process).channel, 'the wire');
		await run(agent, `link add ${BRIDGE} type bridge`, `link set ${BRIDGE} up`);
		return agent;
	}

	/** Connects a machine to the bridge with a veth pair. The machine's end is called eth0. */
	async plug(port: string, machine: number, mac: string): Promise<void> {
		await run(
			await this.#agent,
			`link add ${port} type veth peer name eth0 address ${mac} netns ${machine}`,
			`link set ${port} master ${BRIDGE} up`,
		);
	}

	/** Removes the veth pair, whatever state the machine is in. The bridge forgets the addresses behind it. */
	async unplug(port: string): Promise<void> {
		const agent = await this.#agent;
		const { status, err } = await agent.run(['ip', 'link', 'del', port]);
		// If no process was left on the machine, the kernel has removed its network namespace and the veth pair.
		if (status !== 0 && (await agent.run(['ip', 'link', 'show', port])).status === 0)
			throw refusedByWire(`link del ${port}`, err);
	}

	async end(): Promise<void> {
		await (await this.#process).end();
	}
}

async function run(wire: Agent, ...lines: readonly string[]): Promise<void> {
	const { status, err } = await wire.run(['ip', '-batch', '-'], { input: `${lines.join('\n')}\n` });
	if (status === 0) return;
	throw refusedByWire(lines.join('; '), err);
}

function refusedByWire(what: string, seen: string): HalfopenError {
	return new HalfopenError('ENGINE_REFUSED', {
		problem: `ip failed on the wire at “${what}”.`,
		seen,
		remedy:
			'Load the kernel’s modules for bridges and veth: `modprobe -a bridge veth`. A kernel without them ' +
			'(CONFIG_BRIDGE, CONFIG_VETH) cannot be used.',
	});
}
