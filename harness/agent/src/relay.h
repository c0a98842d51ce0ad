#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** The relay takes packets that the firewall has logged and dropped, changes them, and sends them on (PROTOCOL.md). */

/** Runs the relay on the standard streams until its input ends. */
void relay_main(void) __attribute__((noreturn));

#define ETHERNET_HEADER 14
/** The longest frame: the longest IP packet (RFC 791, 3.1) with its Ethernet header. */
#define LONGEST_FRAME (ETHERNET_HEADER + 65535)

/** A frame on its way to a host. */
struct relayed {
	/** Numbers all packets of a relay. */
	uint64_t serial;
	/** The host to which it is sent. */
	struct relay_port *to;
	/** The faults that it has not passed yet, one bit for each. */
	uint32_t mark;
	/** When it goes on (CLOCK_MONOTONIC, in microseconds), and how many have overtaken it, where a fault keeps it. */
	long long due;
	uint64_t overtaken;
	struct relayed *next;
	size_t length;
	unsigned char frame[];
};

/** The port of the bridge to a host. */
struct relay_port {
	char host[16];
	/** The name of the interface; empty while the host is off. */
	char name[16];
	struct relay_port *next;
};

/* relay_log.c: the packets that the firewall logs. */

/** What the firewall did with a packet, by the prefix of its rule. */
struct logged {
	const char *prefix;
	uint32_t mark;
	const unsigned char *ethernet;
	const unsigned char *packet;
	size_t length;
};

/** Opens the log of a group. Returns its descriptor, or ends the program. */
int relay_log_open(uint16_t group);
/** Handles everything that was logged until now. `lost` is called if the log has lost some. */
void relay_log_drain(int log, void (*handle)(const struct logged *), void (*lost)(void));

/* relay_frame.c: what is in a frame. */

/** Completes the checksum of TCP or UDP, if the sender has left that to a device (CHECKSUM_PARTIAL). */
void frame_complete_checksum(unsigned char *frame, size_t length);
/** Flips one bit of the data of a TCP segment or, if it has none, of its checksum. Returns false if it is not TCP. */
bool frame_corrupt(unsigned char *frame, size_t length);
/**
 * Makes the ICMP message that tells the sender of a packet the MTU of the next hop (RFC 1191, 4; RFC 4443, 3.2).
 * `source` is an address of 4 or 16 bytes, like those of the packet. Returns the length of the frame.
 */
size_t frame_too_big(unsigned char *answer, const struct logged *packet, const unsigned char *source, unsigned mtu);

/* relay_faults.c: what is done with packets. */

struct relay_fault;

/** Adds a fault: its bit, its name, its kind, and what the kind needs. Returns what is wrong, or NULL. */
const char *fault_add(unsigned bit, const char *id, const char *kind, const uint64_t *numbers, size_t count);
/** Lets packets go that a fault keeps, the oldest first. Returns what is wrong, or NULL. */
const char *fault_release(unsigned bit, size_t count);
/** Lets all packets go that a fault keeps. From then on they pass it. */
const char *fault_end(unsigned bit);
/** Gives a new packet to the faults of its mark. */
void faults_take(struct relayed *packet);
/** Gives a packet that was forwarded already to the faults that copy. */
void faults_copy(struct relayed *packet);
/** Lets packets go that are due. Returns when the next one is (CLOCK_MONOTONIC, in microseconds), or -1. */
long long faults_due(void);

/* relay_main.c */

struct relayed *relayed_new(struct relay_port *to, uint32_t mark, size_t length);
/** Prints a line about a packet that has been printed: what happened to it, its number, the fault, another number. */
void relay_tell(const char *what, const struct relayed *packet, const char *fault, uint64_t number);
/** Sends a packet out of its port, prints that, and frees it. */
void relay_send(struct relayed *packet);
