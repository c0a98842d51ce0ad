/**
 * A bash script that prints the names of all sysctls below net.ipv4, as sysctl(8) writes them (`conf.all.rp_filter`),
 * separated by blanks. Run it in a new network namespace, where sysctls that are global to the machine do not exist.
 */
export const LIST_SYSCTLS =
	'cd /proc/sys/net/ipv4 && shopt -s globstar && for path in **; do [ -d "$path" ] || echo -n "$path "; done | tr ' +
	'/ .';
