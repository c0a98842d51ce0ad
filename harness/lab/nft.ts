import type { Agent } from '../agent/agent.ts';
import { HalfopenError } from '../errors.ts';

/** The table of the lab's rules on the wire’s bridge. */
export const BRIDGE_TABLE = 'bridge halfopen';

/** Runs commands of nft(8), all or none. Returns when they took effect, in seconds since the epoch. */
export async function nft(wire: Agent, commands: readonly string[]): Promise<number> {
	const input = `${commands.join('\n')}\n`;
	const { status, err, t } = await wire.run(['nft', '-f', '-'], { input });
	if (status === 0) return t;
	throw nftRefused(input, err);
}

/** Returns how many packets a named counter has counted. */
export async function nftCount(wire: Agent, table: string, counter: string): Promise<number> {
	const command = ['nft', 'list', 'counter', ...table.split(' '), counter];
	const { out, err } = await wire.run(command);
	const packets = /packets (\d+)/.exec(out)?.[1];
	if (packets !== undefined) return Number(packets);
	throw nftRefused(command.join(' '), `${out}${err}`);
}

/** Returns the error for a command that nft has refused. */
function nftRefused(command: string, seen: string): HalfopenError {
	return new HalfopenError('ENGINE_REFUSED', {
		problem: 'The firewall on the wire refused a command.',
		seen: `${command.trimEnd()}\n${seen}`,
		remedy:
			'Correct the error that nft reports. If the command is right, the kernel may lack nf_tables for bridges ' +
			'(CONFIG_NF_TABLES_BRIDGE, or one of its modules): `modprobe -a nf_tables nft_meta_bridge nft_log nft_numgen`. A ' +
			'router also needs nft_ct, nft_nat, nft_masq and nft_reject_inet.',
	});
}
