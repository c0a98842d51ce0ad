/** The prefix of the names of the lab's chains. */
export const OWN_CHAIN = 'HALFOPEN-';

/** Targets that never lose a packet (iptables-extensions(8)). */
const HARMLESS = new Set(['ACCEPT', 'RETURN', 'LOG', 'NFLOG', 'TRACE', 'CONNMARK', 'MARK']);
/** The tables of iptables, as nft lists them. iptables-save shows their rules. */
const SHOWN_TABLE = /^table (ip|ip6|arp) (filter|nat|mangle|raw|security)$/;

/**
 * Returns foreign rules and policies, i.e. those that are not the lab's, if they may lose or change packets. `text` is
 * a line `program iptables`, the output of `iptables-save`, and the tables of the older interface
 * (/proc/net/ip_tables_names), each after `legacy `; the same of ip6tables, if hosts have IPv6; and the output of `nft
 * list tables`.
 */
export function foreignRules(text: string): string[] {
	let program = 'iptables';
	let table = '';
	return text.split('\n').flatMap((line) => {
		if (line.startsWith('program ')) program = line.slice('program '.length);
		if (line.startsWith('*')) table = line.slice(1);
		const inTable = `${program === 'iptables' ? '' : `${program} `}-t ${table}`;
		const [, chain, policy] = /^:(\S+) (\S+)/.exec(line) ?? [];
		if (policy !== undefined && policy !== 'ACCEPT' && policy !== '-') return [`${inTable} -P ${chain} ${policy}`];
		if (line.startsWith('-A ') && !line.includes(OWN_CHAIN) && mayLose(line)) return [`${inTable} ${line}`];
		if (line.startsWith('legacy ')) return [`${program}-legacy -t ${line.slice('legacy '.length)}`];
		return line.startsWith('table ') && !SHOWN_TABLE.test(line) ? [`nft ${line}`] : [];
	});
}

function mayLose(rule: string): boolean {
	const target = / -[jg] (\S+)/.exec(rule)?.[1];
	return target !== undefined && !HARMLESS.has(target);
}

/**
 * Whether a foreign rule may lose a packet that a capture has seen arrive. Rules about leaving packets drop them before
 * any capture sees them.
 */
export function losesArrivals(rule: string): boolean {
	return !/ -[AP] (OUTPUT|POSTROUTING) /.test(rule);
}
