/**
 * Parses /proc/net/snmp and /proc/net/netstat: for each protocol a line of names, then a line of values. Returns the
 * values by the names of nstat(8) and Documentation/networking/snmp_counter.rst, which begin with the protocol:
 * `TcpRetransSegs`, `TcpExtTCPFastRetrans`.
 */
export function parseCounters(text: string): Record<string, number> {
	const counters: Record<string, number> = {};
	let names: readonly string[] = [];
	for (const line of text.split('\n')) {
		const [protocol, ...fields] = line.trim().split(/:?\s+/);
		if (protocol === '' || protocol === undefined) continue;
		if (!fields.every((field) => /^-?\d+$/.test(field))) {
			names = fields;
			continue;
		}
		for (const [index, value] of fields.entries())
			if (names[index] !== undefined) counters[`${protocol}${names[index]}`] = Number(value);
	}
	return counters;
}
