/** How chains of the project's own begin. */
export const OWN_CHAIN = 'HALFOPEN-';

/** What these targets do to a packet cannot lose it (iptables-extensions(8)). */
const HARMLESS = new Set(['ACCEPT', 'RETURN', 'LOG', 'NFLOG', 'TRACE', 'CONNMARK', 'MARK']);
/** Tables of iptables' own, as nft names them: iptables-save shows what is in them. */
const SHOWN_TABLE = /^table (ip|ip6|arp) (filter|nat|mangle|raw|security)$/;

/**
 * Rules and policies that are not the project's and may lose or change packets. Reads `iptables-save`, and behind it
 * `nft list tables` and, each behind `legacy `, the tables of the older interface (/proc/net/ip_tables_names).
 */
export function foreignRules(text: string): string[] {
	let table = '';
	return text.split('\n').flatMap((line) => {
		if (line.startsWith('*')) table = line.slice(1);
		const [, chain, policy] = /^:(\S+) (\S+)/.exec(line) ?? [];
		if (policy !== undefined && policy !== 'ACCEPT' && policy !== '-') return [`-t ${table} -P ${chain} ${policy}`];
		if (line.startsWith('-A ') && !line.includes(OWN_CHAIN) && mayLose(line)) return [`-t ${table} ${line}`];
		if (line.startsWith('legacy ')) return [`iptables-legacy -t ${line.slice('legacy '.length)}`];
		return line.startsWith('table ') && !SHOWN_TABLE.test(line) ? [`nft ${line}`] : [];
	});
}

function mayLose(rule: string): boolean {
	const target = / -[jg] (\S+)/.exec(rule)?.[1];
	return target !== undefined && !HARMLESS.has(target);
}

/**
 * Whether a foreign rule may lose a packet that a capture has seen arrive: what is dropped as it leaves, no capture
 * sees.
 */
export function losesArrivals(rule: string): boolean {
	return !/ -[AP] (OUTPUT|POSTROUTING) /.test(rule);
}
