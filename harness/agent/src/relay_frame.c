#define _GNU_SOURCE 1

#include "relay.h"

#include <string.h>

#define PROTOCOL_ICMP 1
#define PROTOCOL_TCP 6
#define PROTOCOL_UDP 17
#define PROTOCOL_ICMPV6 58
#define IPV4_HEADER 20
#define IPV6_HEADER 40

static uint16_t get16(const unsigned char *at) {
	return (uint16_t)(at[0] << 8 | at[1]);
}

static void put16(unsigned char *at, unsigned value) {
	at[0] = (unsigned char)(value >> 8);
	at[1] = (unsigned char)value;
}

/** What a packet carries, and its addresses, which are part of the checksum. */
struct carried {
	unsigned char protocol;
	unsigned char *bytes;
	size_t length;
	const unsigned char *addresses;
	size_t addresses_length;
};

/** Finds what an IP packet carries. Returns false if it is a fragment, or not understood. */
static bool carried_by(unsigned char *packet, size_t length, struct carried *carried) {
	if (length >= IPV4_HEADER && packet[0] >> 4 == 4) {
		size_t header = (size_t)(packet[0] & 15) * 4, total = get16(packet + 2);
		bool is_fragment = (get16(packet + 6) & 0x3fff) != 0;
		if (is_fragment || header < IPV4_HEADER || total < header || total > length) return false;
		*carried = (struct carried){packet[9], packet + header, total - header, packet + 12, 8};
		return true;
	}
	if (length >= IPV6_HEADER && packet[0] >> 4 == 6) {
		size_t payload = get16(packet + 4);
		if (payload > length - IPV6_HEADER) return false;
		/* An extension header is taken for a protocol that is not known. */
		*carried = (struct carried){packet[6], packet + IPV6_HEADER, payload, packet + 8, 32};
		return true;
	}
	return false;
}

/** The sum of RFC 1071, not folded. */
static uint32_t sum(uint32_t before, const unsigned char *bytes, size_t length) {
	for (size_t i = 0; i + 1 < length; i += 2) before += get16(bytes + i);
	return length % 2 ? before + (uint32_t)(bytes[length - 1] << 8) : before;
}

static uint16_t folded(uint32_t total) {
	while (total >> 16) total = (total & 0xffff) + (total >> 16);
	return (uint16_t)total;
}

static uint32_t pseudo_header(const struct carried *carried) {
	return sum((uint32_t)carried->length + carried->protocol, carried->addresses, carried->addresses_length);
}

void frame_complete_checksum(unsigned char *frame, size_t length) {
	struct carried carried;
	if (!carried_by(frame + ETHERNET_HEADER, length - ETHERNET_HEADER, &carried)) return;
	size_t offset = carried.protocol == PROTOCOL_TCP ? 16 : 6;
	if (carried.protocol != PROTOCOL_TCP && carried.protocol != PROTOCOL_UDP) return;
	if (carried.length < offset + 2) return;
	unsigned char *checksum = carried.bytes + offset;
	/* A device gets the sum of the pseudo header there. Any other value was put there as it is. */
	if (get16(checksum) != folded(pseudo_header(&carried))) return;
	put16(checksum, 0);
	uint16_t complete = (uint16_t)~folded(sum(pseudo_header(&carried), carried.bytes, carried.length));
	/* RFC 768: 0 would mean that there is no checksum. */
	put16(checksum, complete == 0 && carried.protocol == PROTOCOL_UDP ? 0xffff : complete);
}

bool frame_corrupt(unsigned char *frame, size_t length) {
	struct carried carried;
	if (!carried_by(frame + ETHERNET_HEADER, length - ETHERNET_HEADER, &carried)) return false;
	if (carried.protocol != PROTOCOL_TCP || carried.length < 20) return false;
	size_t header = (size_t)(carried.bytes[12] >> 4) * 4;
	if (header > carried.length) return false;
	carried.bytes[header < carried.length ? header : 17] ^= 1;
	return true;
}

/** An answer quotes as much as fits into the packet that every host accepts (RFC 1812, 4.3.2.3; RFC 4443, 3.2). */
static size_t quoted(size_t length, size_t smallest_mtu, size_t headers) {
	return length < smallest_mtu - headers ? length : smallest_mtu - headers;
}

static size_t too_big_v4(unsigned char *to, const struct logged *packet, const unsigned char *source, unsigned mtu) {
	size_t quote = quoted(packet->length, 576, IPV4_HEADER + 8), total = IPV4_HEADER + 8 + quote;
	unsigned char *icmp = to + IPV4_HEADER;
	memset(to, 0, IPV4_HEADER + 8);
	to[0] = 0x45;
	put16(to + 2, (unsigned)total);
	to[8] = 64;
	to[9] = PROTOCOL_ICMP;
	memcpy(to + 12, source, 4);
	memcpy(to + 16, packet->packet + 12, 4);
	put16(to + 10, (uint16_t)~folded(sum(0, to, IPV4_HEADER)));
	icmp[0] = 3;
	icmp[1] = 4;
	put16(icmp + 6, mtu);
	memcpy(icmp + 8, packet->packet, quote);
	put16(icmp + 2, (uint16_t)~folded(sum(0, icmp, 8 + quote)));
	return total;
}

static size_t too_big_v6(unsigned char *to, const struct logged *packet, const unsigned char *source, unsigned mtu) {
	size_t quote = quoted(packet->length, 1280, IPV6_HEADER + 8);
	unsigned char *icmp = to + IPV6_HEADER;
	memset(to, 0, IPV6_HEADER + 8);
	to[0] = 0x60;
	put16(to + 4, (unsigned)(8 + quote));
	to[6] = PROTOCOL_ICMPV6;
	to[7] = 64;
	memcpy(to + 8, source, 16);
	memcpy(to + 24, packet->packet + 8, 16);
	icmp[0] = 2;
	put16(icmp + 6, mtu);
	memcpy(icmp + 8, packet->packet, quote);
	struct carried carried = {PROTOCOL_ICMPV6, icmp, 8 + quote, to + 8, 32};
	put16(icmp + 2, (uint16_t)~folded(sum(pseudo_header(&carried), icmp, carried.length)));
	return IPV6_HEADER + carried.length;
}

size_t frame_too_big(unsigned char *answer, const struct logged *packet, const unsigned char *source, unsigned mtu) {
	/* Back to the sender, as if the next hop had sent it. */
	memcpy(answer, packet->ethernet + 6, 6);
	memcpy(answer + 6, packet->ethernet, 6);
	memcpy(answer + 12, packet->ethernet + 12, 2);
	bool is_v4 = packet->packet[0] >> 4 == 4;
	return ETHERNET_HEADER + (is_v4 ? too_big_v4 : too_big_v6)(answer + ETHERNET_HEADER, packet, source, mtu);
}
