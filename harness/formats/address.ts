/**
 * Converts an IPv4-mapped IPv6 address (RFC 4291, 2.5.5.2) to the IPv4 address. IPv6 sockets show IPv4 peers in this
 * form. Returns any other address unchanged.
 */
export function unmapped(address: string): string {
	return address.replace(/^::ffff:(?=\d+\.)/i, '');
}
