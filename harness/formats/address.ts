/**
 * Converts an IPv4-mapped IPv6 address (RFC 4291, 2.5.5.2) to the IPv4 address. IPv6 sockets show IPv4 peers in this
 * form. Returns any other address unchanged.
 */
export function unmapped(address: string): string {
	return address.replace(/^::ffff:(?=\d+\.)/i, '');
}

/** Whether a tool has printed this as an IPv4 or IPv6 address. */
export const isAddress = (text: string): boolean =>
	/^(?:\d{1,3}\.){3}\d{1,3}$|^[\da-f:]*:[\da-f:]*(?:(?:\d{1,3}\.){3}\d{1,3})?$/.test(text);

/** Converts an IPv4 address to the IPv4-mapped IPv6 address (RFC 4291, 2.5.5.2). */
export const mapped = (address: string): string => `::ffff:${address}`;

/**
 * Formats the 16 bytes of an IPv6 address that begin at an index as inet_ntop(3) and the kernel's `%pI6c` do (RFC 5952,
 * 4): in lower case, with the longest run of two or more zero groups as `::`. So the same address has the same text from
 * every tool.
 */
export function ipv6Text(bytes: ArrayLike<number>, at = 0): string {
	const groups = Array.from({ length: 8 }, (_, group) => {
		const index = at + group * 2;
		return ((bytes[index] ?? 0) << 8) | (bytes[index + 1] ?? 0);
	});
	let longest = { start: 0, length: 1 };
	for (let start = 0; start < groups.length; start++) {
		const end = groups.findIndex((group, index) => index >= start && group !== 0);
		const length = (end < 0 ? groups.length : end) - start;
		if (length > longest.length) longest = { start, length };
	}
	const words = groups.map((group) => group.toString(16));
	if (longest.length < 2) return words.join(':');
	return `${words.slice(0, longest.start).join(':')}::${words.slice(longest.start + longest.length).join(':')}`;
}

/** Formats an endpoint for people: `1.2.3.4:80`, `[2001:2::2]:80` (RFC 5952, 6). */
export function endpointText({ address, port }: { readonly address: string; readonly port: number }): string {
	return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}

/** Returns the 4 bytes of an IPv4 address, or the 16 of an IPv6 address. */
export function addressBytes(address: string): number[] {
	if (!address.includes(':')) return address.split('.').map(Number);
	const [head = '', tail] = address.split('::');
	const groupsOf = (text: string) => (text === '' ? [] : text.split(':'));
	const [before, after] = [groupsOf(head), groupsOf(tail ?? '')];
	const zeros = Array.from({ length: tail === undefined ? 0 : 8 - before.length - after.length }, () => '0');
	return [...before, ...zeros, ...after].flatMap((group) => {
		const value = Number.parseInt(group, 16);
		return [value >> 8, value & 0xff];
	});
}
