/**
 * An IPv4-mapped IPv6 address (RFC 4291, 2.5.5.2), as sockets of both families show the IPv4 address they talk to, as
 * that address; any other as it is.
 */
export function unmapped(address: string): string {
	return address.replace(/^::ffff:(?=\d+\.)/i, '');
}
