import type { Endpoint, LsofDescriptor } from './types.ts';

/**
 * lsof's state names (lib/dialects/linux/dsock.c, the table `TcpSt`) in the spelling of `ss`, if more than the
 * separator differs.
 */
const STATES: Readonly<Record<string, string>> = {
	ESTABLISHED: 'ESTAB',
	SYN_RECV: 'SYN-RECV',
	FIN_WAIT1: 'FIN-WAIT-1',
	FIN_WAIT2: 'FIN-WAIT-2',
	CLOSE: 'CLOSED',
};

/**
 * Parses the output of `lsof -nP -iTCP -F pcftnT0` (lsof(8), OUTPUT FOR OTHER PROGRAMS): a line for each process, then
 * one for each of its descriptors. Fields begin with a letter and end with NUL. Other lines are ignored.
 */
export function parseLsof(text: string): LsofDescriptor[] {
	const descriptors: LsofDescriptor[] = [];
	let pid = 0;
	let command = '';
	for (const line of text.split('\n')) {
		const fields = line.split('\0').filter((field) => field !== '');
		const field = (id: string) => fields.find((candidate) => candidate.startsWith(id))?.slice(id.length);
		if (field('p') !== undefined) [pid, command] = [Number(field('p')), field('c') ?? ''];
		const [fd, family, name, state] = [Number(field('f')), field('t'), field('n'), field('TST=')];
		if (!Number.isInteger(fd) || name === undefined || state === undefined || (family !== 'IPv4' && family !== 'IPv6'))
			continue;
		const [local, remote] = name.split('->').map(parseEndpoint);
		if (!local) continue;
		descriptors.push({
			pid,
			command,
			fd,
			family,
			state: STATES[state] ?? state.replaceAll('_', '-'),
			local,
			...(remote && { remote }),
		});
	}
	return descriptors;
}

/** Parses `192.0.2.1:80`, `[2001:db8::1]:80` or `*:80`. */
function parseEndpoint(text: string): Endpoint | undefined {
	const [, bracketed, plain, port] = /^(?:\[([\da-fA-F:.]+)\]|(\*|[\d.]+)):(\d+)$/.exec(text) ?? [];
	const address = bracketed ?? plain;
	if (address === undefined) return undefined;
	return { address: address === '*' ? '0.0.0.0' : address, port: Number(port) };
}
