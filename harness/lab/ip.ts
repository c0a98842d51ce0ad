import type { Agent } from '../agent/agent.ts';
import { HalfopenError } from '../errors.ts';

/**
 * Runs commands of `ip` in one process, which ends at the first that fails. Returns its output, and when it ended, in
 * seconds since the epoch.
 *
 * @param options of `ip` itself: `-json`
 */
export async function ip(
	agent: Agent,
	commands: readonly string[],
	...options: readonly string[]
): Promise<{ readonly out: string; readonly t: number }> {
	const input = `${commands.join('\n')}\n`;
	const { status, out, err, t } = await agent.run(['ip', ...options, '-batch', '-'], { input });
	if (status === 0) return { out, t };
	throw new HalfopenError('ENGINE_REFUSED', {
		problem: `ip failed on ${agent.name}: ${commands.join('; ')}`,
		seen: err,
		remedy:
			'Check the engine with `npm run setup`. Hosts and wire need CAP_NET_ADMIN in their network namespaces, and a ' +
			'kernel with bridges and veth (CONFIG_BRIDGE, CONFIG_VETH; `modprobe -a bridge veth`).',
	});
}
