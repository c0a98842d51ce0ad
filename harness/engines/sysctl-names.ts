/**
 * A bash script that prints the names of all sysctls below net.ipv4, as sysctl(8) writes them (`conf.all.rp_filter`),
 * separated by blanks. To be run in a network namespace of its own: what the kernel keeps for the whole machine is not
 * there.
 */
export const LIST_SYSCTLS =
	'cd /proc/sys/net/ipv4 && shopt -s globstar && for path in **; do [ -d "$path" ] || echo -n "$path "; done | tr ' +
	'/ .';
