#define _GNU_SOURCE 1

#include "relay.h"
#include "buffer.h"
#include "framing.h"
#include "loop.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

/** The log group of the rules that give packets to the relay (harness/faults/relay-rules.ts). */
#define LOG_GROUP 2
/** How many bytes of a packet are printed: its headers. */
#define PRINTED 160

static int packet_log, ports_socket;
static struct relay_port *ports;
static struct buffer output;

static void print(const char *format, ...) __attribute__((format(printf, 1, 2)));
static void print(const char *format, ...) {
	struct timespec now;
	clock_gettime(CLOCK_REALTIME, &now);
	buffer_printf(&output, "%lld.%06ld ", (long long)now.tv_sec, now.tv_nsec / 1000);
	va_list arguments;
	va_start(arguments, format);
	buffer_vprintf(&output, format, arguments);
	va_end(arguments);
	buffer_append(&output, "\n", 1);
}

static void print_packet(const char *what, const struct relayed *packet) {
	char hex[2 * PRINTED + 1] = "";
	for (size_t i = 0; i < PRINTED && ETHERNET_HEADER + i < packet->length; i++)
		sprintf(hex + 2 * i, "%02x", packet->frame[ETHERNET_HEADER + i]);
	print("%s %llu %s %zu %s", what, (unsigned long long)packet->serial, packet->to->host,
		packet->length - ETHERNET_HEADER, hex);
}

void relay_tell(const char *what, const struct relayed *packet, const char *fault, uint64_t number) {
	print("%s %llu %s %llu", what, (unsigned long long)packet->serial, fault, (unsigned long long)number);
}

struct relayed *relayed_new(struct relay_port *to, uint32_t mark, size_t length) {
	static uint64_t serial;
	struct relayed *packet = allocate(sizeof *packet + length);
	*packet = (struct relayed){.serial = ++serial, .to = to, .mark = mark, .length = length};
	return packet;
}

void relay_send(struct relayed *packet) {
	struct sockaddr_ll to = {
		.sll_family = AF_PACKET,
		.sll_ifindex = packet->to->name[0] ? (int)if_nametoindex(packet->to->name) : 0,
		.sll_halen = 6,
	};
	memcpy(&to.sll_protocol, packet->frame + 12, sizeof to.sll_protocol);
	/* Printed first, so that the time is not later than that of its arrival. */
	print("sent %llu", (unsigned long long)packet->serial);
	if (to.sll_ifindex == 0) print("unsent %llu ENODEV", (unsigned long long)packet->serial);
	else if (sendto(ports_socket, packet->frame, packet->length, 0, (struct sockaddr *)&to, sizeof to) < 0)
		print("unsent %llu %d", (unsigned long long)packet->serial, errno);
	free(packet);
}

static struct relay_port *port_to(const char *host) {
	for (struct relay_port *port = ports; port; port = port->next)
		if (strcmp(port->host, host) == 0) return port;
	struct relay_port *port = allocate(sizeof *port);
	*port = (struct relay_port){.next = ports};
	snprintf(port->host, sizeof port->host, "%s", host);
	ports = port;
	return port;
}

/** Reads hexadecimal digits. Returns the number of bytes, 0 if they are none or too many. */
static size_t parse_hex(const char *hex, unsigned char *bytes, size_t most) {
	size_t length = strlen(hex) / 2;
	if (strlen(hex) % 2 || length > most) return 0;
	for (size_t i = 0; i < length; i++)
		if (sscanf(hex + 2 * i, "%2hhx", &bytes[i]) != 1) return 0;
	return length;
}

/** Answers a packet that was too long: the prefix is `mtu <sender> <bytes> <IPv4 address> <IPv6 address> <fault>`. */
static void answer_too_big(const struct logged *logged) {
	char sender[16], v4[9], v6[33], fault[32];
	unsigned mtu;
	unsigned char source[16];
	if (sscanf(logged->prefix, "mtu %15s %u %8s %32s %31s", sender, &mtu, v4, v6, fault) != 5) return;
	bool is_v4 = logged->packet[0] >> 4 == 4;
	if (logged->length < 40 || parse_hex(is_v4 ? v4 : v6, source, sizeof source) != (is_v4 ? 4 : 16)) return;
	static unsigned char frame[ETHERNET_HEADER + 1280];
	size_t length = frame_too_big(frame, logged, source, mtu);
	struct relayed *answer = relayed_new(port_to(sender), 0, length);
	memcpy(answer->frame, frame, length);
	print_packet("injected", answer);
	relay_tell("answers", answer, fault, 0);
	relay_send(answer);
}

/** Handles a packet with the prefix `take <receiver>`, `copy <receiver>` or `mtu …`. */
static void handle_logged(const struct logged *logged) {
	char verb[5], host[16];
	if (sscanf(logged->prefix, "%4s %15s", verb, host) != 2) return;
	if (strcmp(verb, "mtu") == 0) {
		answer_too_big(logged);
		return;
	}
	struct relayed *packet = relayed_new(port_to(host), logged->mark, ETHERNET_HEADER + logged->length);
	memcpy(packet->frame, logged->ethernet, ETHERNET_HEADER);
	memcpy(packet->frame + ETHERNET_HEADER, logged->packet, logged->length);
	frame_complete_checksum(packet->frame, packet->length);
	print_packet("taken", packet);
	if (strcmp(verb, "copy") == 0) faults_copy(packet);
	else faults_take(packet);
}

static void log_overflowed(void) {
	print("overflow");
}

static const char *command_port(const struct words *words) {
	struct relay_port *port = port_to(words->word[1].bytes);
	bool is_off = strcmp(words->word[2].bytes, "-") == 0;
	snprintf(port->name, sizeof port->name, "%s", is_off ? "" : words->word[2].bytes);
	return NULL;
}

static bool parse_bit(const struct word *word, unsigned *bit) {
	uint64_t number;
	if (!parse_number(word, 31, &number)) return false;
	*bit = (unsigned)number;
	return true;
}

static const char *command_fault(const struct words *words) {
	unsigned bit;
	uint64_t numbers[3];
	if (!parse_bit(&words->word[1], &bit)) return "a bit is a number up to 31";
	for (size_t i = 4; i < words->count; i++)
		if (!parse_number(&words->word[i], UINT32_MAX, &numbers[i - 4])) return "not a number";
	return fault_add(bit, words->word[2].bytes, words->word[3].bytes, numbers, words->count - 4);
}

static const char *command_release(const struct words *words) {
	unsigned bit;
	uint64_t count;
	if (!parse_bit(&words->word[1], &bit) || !parse_number(&words->word[2], UINT32_MAX, &count)) return "not a number";
	return fault_release(bit, count);
}

static const char *command_end(const struct words *words) {
	unsigned bit;
	return parse_bit(&words->word[1], &bit) ? fault_end(bit) : "a bit is a number up to 31";
}

static const char *command_inject(const struct words *words) {
	static unsigned char frame[LONGEST_FRAME];
	size_t length = parse_hex(words->word[2].bytes, frame, sizeof frame);
	if (length < ETHERNET_HEADER + 20) return "not a frame in hexadecimal digits";
	struct relayed *packet = relayed_new(port_to(words->word[1].bytes), 0, length);
	memcpy(packet->frame, frame, length);
	print_packet("injected", packet);
	relay_send(packet);
	return NULL;
}

/** The log is read before each command. So everything that was logged before it has been handled. */
static const char *command_sync(const struct words *words) {
	(void)words;
	return NULL;
}

static const struct {
	const char *name;
	size_t least, most;
	const char *(*perform)(const struct words *words);
} COMMANDS[] = {
	/* name, minimum and maximum number of words with it, function */
	{"port", 3, 3, command_port},
	{"fault", 4, 7, command_fault},
	{"release", 3, 3, command_release},
	{"end", 2, 2, command_end},
	{"inject", 3, 3, command_inject},
	{"sync", 1, 1, command_sync},
};

static const char *perform(const struct words *words) {
	for (size_t i = 0; i < sizeof COMMANDS / sizeof *COMMANDS; i++)
		if (strcmp(COMMANDS[i].name, words->word[0].bytes) == 0)
			return words->count < COMMANDS[i].least || words->count > COMMANDS[i].most ? "a wrong number of words"
																					   : COMMANDS[i].perform(words);
	return "no such command";
}

static void handle_command(const char *bytes, size_t length) {
	relay_log_drain(packet_log, handle_logged, log_overflowed);
	char *line = duplicate(bytes, length);
	struct words words;
	const char *problem = split_line(line, length, &words);
	if (!problem) problem = perform(&words);
	if (problem) print("refused %s", problem);
	else print("done");
	free(words.word);
	free(line);
}

static void flush(void) {
	while (output.length > 0) {
		ssize_t written = write(STDOUT_FILENO, buffer_bytes(&output), output.length);
		if (written > 0) buffer_consume(&output, (size_t)written);
		else if (errno != EINTR) _exit(0);
	}
}

static void read_commands(void) {
	static struct buffer input;
	static char bytes[1 << 16];
	ssize_t length = read(STDIN_FILENO, bytes, sizeof bytes);
	if (length < 0 && errno == EINTR) return;
	if (length <= 0) _exit(0);
	buffer_append(&input, bytes, (size_t)length);
	for (char *newline; input.length > 0 && (newline = memchr(buffer_bytes(&input), '\n', input.length));) {
		size_t line = (size_t)(newline - buffer_bytes(&input));
		handle_command(buffer_bytes(&input), line);
		buffer_consume(&input, line + 1);
	}
}

void relay_main(void) {
	packet_log = relay_log_open(LOG_GROUP);
	/* Protocol 0: it sends, and receives nothing. */
	ports_socket = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	if (ports_socket < 0) die("relay: no packets can be sent");
	print("ready");
	for (;;) {
		long long due = faults_due();
		flush();
		struct pollfd polled[] = {{.fd = packet_log, .events = POLLIN}, {.fd = STDIN_FILENO, .events = POLLIN}};
		struct timespec limit = {0};
		long long left = due - monotonic_microseconds();
		if (due >= 0 && left > 0) limit = (struct timespec){.tv_sec = left / 1000000, .tv_nsec = left % 1000000 * 1000};
		if (ppoll(polled, 2, due < 0 ? NULL : &limit, NULL) < 0 && errno != EINTR) die("relay: ppoll");
		if (polled[0].revents) relay_log_drain(packet_log, handle_logged, log_overflowed);
		if (polled[1].revents) read_commands();
	}
}
