/** A group of modules for the guest's hosts. The names are the kernel's: with `_`, never `-`. */
interface Wanted {
	readonly why: string;
	readonly modules: readonly string[];
}

/**
 * The kernel features that hosts and wire in a guest need. A change must raise the version in prepared.ts. A kernel may
 * lack any module (5.10 has nft_counter as a module, later ones have it built in; 7.2 has no iptable_filter), except
 * those in `REQUIRED_MODULES`.
 */
export const WANTED_MODULES: readonly Wanted[] = [
	{
		why: 'other modules request it by name when they are inserted; modules.dep does not list it',
		modules: ['crc32c_generic'],
	},
	{ why: 'the hosts and the wire between them', modules: ['veth', 'bridge', 'dummy', 'tun'] },
	{ why: 'a separate file system for each host, on top of the common one', modules: ['overlay'] },
	{ why: 'captures', modules: ['af_packet'] },
	{
		why: 'the firewall that iptables and nft configure',
		modules: ['nf_tables', 'nfnetlink', 'nft_compat', 'x_tables'],
	},
	{
		why: 'the expressions of nf_tables that iptables uses, and the faults of the wire',
		modules: ['nft_counter', 'nft_log', 'nft_limit', 'nft_meta_bridge', 'nft_numgen', 'nft_objref'],
	},
	{ why: 'the log of dropped packets', modules: ['nfnetlink_log', 'nf_log_syslog', 'xt_NFLOG'] },
	{ why: 'rejected packets', modules: ['ipt_REJECT', 'ip6t_REJECT'] },
	{ why: 'IPv6, which most kernels have built in', modules: ['ipv6'] },
	{
		why: 'matches and targets of the rules of the harness and of users',
		modules: [
			...['xt_tcpudp', 'xt_limit', 'xt_statistic', 'xt_mark', 'xt_comment', 'xt_multiport'],
			...['xt_conntrack', 'xt_u32', 'xt_bpf', 'xt_length', 'xt_string', 'ts_kmp', 'xt_hashlimit'],
		],
	},
	{
		why: 'the legacy iptables and arptables, if a user has them',
		modules: ['ip_tables', 'iptable_filter', 'arp_tables', 'arptable_filter', 'arpt_mangle'],
	},
	{ why: 'ss', modules: ['inet_diag', 'tcp_diag', 'udp_diag', 'unix_diag', 'netlink_diag', 'af_packet_diag'] },
	{
		why: 'a router: connection tracking and its events, a firewall that answers, and address translation',
		modules: [
			...['nf_conntrack', 'nf_conntrack_netlink', 'nft_ct', 'nf_nat', 'nft_chain_nat', 'nft_nat', 'nft_masq'],
			...['nft_reject', 'nft_reject_inet', 'nft_reject_ipv4', 'nft_reject_ipv6'],
			...['nft_fib', 'nft_fib_inet', 'nft_fib_ipv4', 'nft_fib_ipv6'],
		],
	},
	{ why: 'a wire that is slow or loses packets', modules: ['sch_netem'] },
	{ why: 'congestion control that a sysctl can select', modules: ['tcp_cubic', 'tcp_bbr'] },
];

/** Without these no lab can start. */
export const REQUIRED_MODULES: readonly string[] = [
	'veth',
	'bridge',
	'overlay',
	'nf_tables',
	'nft_compat',
	'xt_NFLOG',
	'tcp_diag',
];
