/** A group of modules for the guest's hosts. The names are the kernel's: with `_`, never `-`. */
interface Wanted {
	readonly why: string;
	readonly modules: readonly string[];
}

/**
 * The kernel features that hosts in a guest need. A kernel may lack any module (5.10 has nft_counter as a module, later
 * ones have it built in; 7.2 has no iptable_filter), except those in `REQUIRED_MODULES`.
 */
export const WANTED_MODULES: readonly Wanted[] = [
	{
		why: 'what others look for by name while they are inserted, where it is a module: modules.dep does not tell',
		modules: ['crc32c_generic'],
	},
	{ why: 'the hosts and the wire between them', modules: ['veth', 'bridge', 'dummy', 'tun'] },
	{ why: 'a file system of its own for each host, over the common one', modules: ['overlay'] },
	{ why: 'captures', modules: ['af_packet'] },
	{
		why: 'the firewall that iptables and arptables speak to',
		modules: ['nf_tables', 'nfnetlink', 'nft_compat', 'x_tables'],
	},
	{ why: 'what iptables says in nf_tables’ own words', modules: ['nft_counter', 'nft_log', 'nft_limit'] },
	{ why: 'the log of packets that were dropped', modules: ['nfnetlink_log', 'nf_log_syslog', 'xt_NFLOG'] },
	{ why: 'rejected packets', modules: ['ipt_REJECT'] },
	{
		why: 'matches and targets, of the harness and of users’ own rules',
		modules: [
			...['xt_tcpudp', 'xt_limit', 'xt_statistic', 'xt_mark', 'xt_comment', 'xt_multiport'],
			...['xt_conntrack', 'xt_u32', 'xt_bpf', 'xt_length'],
		],
	},
	{
		why: 'the older iptables and arptables, where a user has these',
		modules: ['ip_tables', 'iptable_filter', 'arp_tables', 'arptable_filter', 'arpt_mangle'],
	},
	{ why: 'ss', modules: ['inet_diag', 'tcp_diag', 'udp_diag', 'unix_diag', 'netlink_diag', 'af_packet_diag'] },
	{ why: 'a wire that is slow or loses packets', modules: ['sch_netem'] },
	{ why: 'congestion control, as a sysctl may ask for it', modules: ['tcp_cubic', 'tcp_bbr'] },
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
