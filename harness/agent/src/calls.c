/* The socket calls of a controlled process: exactly the requested calls, and nothing else. */

#include "call.h"
#include "names.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define LARGEST_RECV (1 << 20)

static const char BAD_DESCRIPTOR[] = "fd is not a number";
static const char BAD_ADDRESS[] = "address or port is invalid";
static const char BAD_FLAGS[] = "flags are neither - nor a comma-separated list of MSG_ names";

void call_enter(struct call *call) {
	clock_gettime(CLOCK_REALTIME, &call->start);
	clock_gettime(CLOCK_MONOTONIC, &call->entered);
}

void call_leave(struct call *call) {
	int error = errno;
	clock_gettime(CLOCK_MONOTONIC, &call->left);
	call->error = call->result < 0 ? error : 0;
}

/* An address of either family. */
union address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

/* The text of an IPv6 address contains a colon, that of an IPv4 address does not. */
static bool parse_address(const struct word *words, union address *address, socklen_t *size) {
	uint64_t port;
	bool is_v6 = strchr(words[0].bytes, ':') != NULL;
	*address = (union address){0};
	address->any.sa_family = is_v6 ? AF_INET6 : AF_INET;
	*size = is_v6 ? sizeof address->v6 : sizeof address->v4;
	void *number = is_v6 ? (void *)&address->v6.sin6_addr : (void *)&address->v4.sin_addr;
	if (inet_pton(address->any.sa_family, words[0].bytes, number) != 1) return false;
	if (!parse_number(&words[1], 65535, &port)) return false;
	/* Both families have the port at the same place (include/uapi/linux/in6.h). */
	address->v4.sin_port = htons((uint16_t)port);
	return true;
}

/* Returns false for another family. */
static bool address_text(const union address *address, char text[INET6_ADDRSTRLEN]) {
	int family = address->any.sa_family;
	if (family != AF_INET && family != AF_INET6) return false;
	const void *number = family == AF_INET6 ? (const void *)&address->v6.sin6_addr : (const void *)&address->v4.sin_addr;
	return inet_ntop(family, number, text, INET6_ADDRSTRLEN) != NULL;
}

static void append_address(struct call *call, const union address *address) {
	char text[INET6_ADDRSTRLEN] = "";
	address_text(address, text);
	buffer_printf(&call->values, " %s %u", text, ntohs(address->v4.sin_port));
}

static void append_socket_address(struct buffer *buffer, int fd, bool remote) {
	union address address = {0};
	socklen_t size = sizeof address;
	char text[INET6_ADDRSTRLEN];
	int failed = remote ? getpeername(fd, &address.any, &size) : getsockname(fd, &address.any, &size);
	if (failed || address.v4.sin_port == 0 || !address_text(&address, text)) buffer_printf(buffer, " -");
	else buffer_printf(buffer, strchr(text, ':') ? " [%s]:%u" : " %s:%u", text, ntohs(address.v4.sin_port));
}

void call_ask_addresses(struct call *call, int fd) {
	buffer_free(&call->addresses);
	append_socket_address(&call->addresses, fd, false);
	append_socket_address(&call->addresses, fd, true);
}

static const char *call_socket(struct call *call) {
	const char *family = call->arguments[0].bytes;
	bool is_v6 = strcmp(family, "AF_INET6") == 0;
	if (!is_v6 && strcmp(family, "AF_INET") != 0) return "family is neither AF_INET nor AF_INET6";
	MEASURED(call, socket(is_v6 ? AF_INET6 : AF_INET, SOCK_STREAM, 0));
	return NULL;
}

static const char *call_bind(struct call *call) {
	int fd;
	union address address;
	socklen_t size;
	if (!parse_int(&call->arguments[0], &fd)) return BAD_DESCRIPTOR;
	if (!parse_address(&call->arguments[1], &address, &size)) return BAD_ADDRESS;
	MEASURED(call, bind(fd, &address.any, size));
	return NULL;
}

static const char *call_listen(struct call *call) {
	int fd, backlog;
	if (!parse_int(&call->arguments[0], &fd)) return BAD_DESCRIPTOR;
	if (!parse_int(&call->arguments[1], &backlog)) return "backlog is not a number";
	MEASURED(call, listen(fd, backlog));
	return NULL;
}

static const char *call_connect(struct call *call) {
	int fd;
	union address address;
	socklen_t size;
	if (!parse_int(&call->arguments[0], &fd)) return BAD_DESCRIPTOR;
	if (!parse_address(&call->arguments[1], &address, &size)) return BAD_ADDRESS;
	MEASURED(call, connect(fd, &address.any, size));
	return NULL;
}

static const char *call_accept(struct call *call) {
	int fd;
	union address address = {0};
	socklen_t size = sizeof address;
	if (!parse_int(&call->arguments[0], &fd)) return BAD_DESCRIPTOR;
	MEASURED(call, accept(fd, &address.any, &size));
	if (call->result < 0) return NULL;
	append_address(call, &address);
	/* The local address of the accepted connection. */
	union address own = {0};
	size = sizeof own;
	if (getsockname((int)call->result, &own.any, &size) == 0) append_address(call, &own);
	return NULL;
}

static const char *call_getsockname(struct call *call) {
	int fd;
	union address address = {0};
	socklen_t size = sizeof address;
	if (!parse_int(&call->arguments[0], &fd)) return BAD_DESCRIPTOR;
	MEASURED(call, getsockname(fd, &address.any, &size));
	if (call->result >= 0) append_address(call, &address);
	return NULL;
}

static const char *call_send(struct call *call) {
	int fd, flags;
	if (!parse_int(&call->arguments[0], &fd)) return BAD_DESCRIPTOR;
	if (!parse_message_flags(call->arguments[1].bytes, &flags)) return BAD_FLAGS;
	MEASURED(call, send(fd, call->arguments[2].bytes, call->arguments[2].length, flags));
	return NULL;
}

static const char *call_recv(struct call *call) {
	int fd, flags;
	uint64_t size;
	if (!parse_int(&call->arguments[0], &fd)) return BAD_DESCRIPTOR;
	if (!parse_number(&call->arguments[1], LARGEST_RECV, &size)) return "size is not a number of bytes up to 1048576";
	if (!parse_message_flags(call->arguments[2].bytes, &flags)) return BAD_FLAGS;
	char *bytes = allocate(size);
	MEASURED(call, recv(fd, bytes, size, flags));
	if (call->result >= 0) {
		buffer_append(&call->values, " ", 1);
		/* With MSG_TRUNC the result may be larger than the buffer. */
		append_word(&call->values, bytes, (size_t)call->result < size ? (size_t)call->result : size);
	}
	free(bytes);
	return NULL;
}

static const char *call_shutdown(struct call *call) {
	static const char *const HOW[] = {[SHUT_RD] = "RD", [SHUT_WR] = "WR", [SHUT_RDWR] = "RDWR"};
	int fd, how = 0;
	if (!parse_int(&call->arguments[0], &fd)) return BAD_DESCRIPTOR;
	while (how < 3 && strcmp(call->arguments[1].bytes, HOW[how]) != 0) how++;
	if (how == 3) return "how is not RD, WR or RDWR";
	MEASURED(call, shutdown(fd, how));
	return NULL;
}

static const char *call_close(struct call *call) {
	int fd;
	if (!parse_int(&call->arguments[0], &fd)) return BAD_DESCRIPTOR;
	/* After close() the addresses can no longer be asked for. */
	call_ask_addresses(call, fd);
	MEASURED(call, close(fd));
	return NULL;
}

static const char *call_poll(struct call *call) {
	int fd, events, timeout;
	if (!parse_int(&call->arguments[0], &fd)) return BAD_DESCRIPTOR;
	if (!parse_poll_events(call->arguments[1].bytes, &events))
		return "events are neither - nor a comma-separated list of POLL names";
	if (!parse_int(&call->arguments[2], &timeout)) return "timeout is not a number of milliseconds";
	struct pollfd polled = {.fd = fd, .events = (short)events};
	MEASURED(call, poll(&polled, 1, timeout));
	if (call->result < 0) return NULL;
	buffer_append(&call->values, " ", 1);
	append_poll_events(&call->values, polled.revents);
	return NULL;
}

static int set_nonblock(int fd, bool on) {
	int flags = fcntl(fd, F_GETFL);
	return flags < 0 ? -1 : fcntl(fd, F_SETFL, on ? flags | O_NONBLOCK : flags & ~O_NONBLOCK);
}

static const char *call_nonblock(struct call *call) {
	int fd;
	uint64_t on;
	if (!parse_int(&call->arguments[0], &fd)) return BAD_DESCRIPTOR;
	if (!parse_number(&call->arguments[1], 1, &on)) return "the second argument is neither 0 nor 1";
	MEASURED(call, set_nonblock(fd, on));
	return NULL;
}

static const struct call_entry CALLS[] = {
	/* name, minimum and maximum number of arguments, function */
	{"socket", 1, 1, call_socket},
	{"bind", 3, 3, call_bind},
	{"listen", 2, 2, call_listen},
	{"connect", 3, 3, call_connect},
	{"accept", 1, 1, call_accept},
	{"getsockname", 1, 1, call_getsockname},
	{"send", 3, 3, call_send},
	{"recv", 3, 3, call_recv},
	{"shutdown", 2, 2, call_shutdown},
	{"close", 1, 1, call_close},
	{"poll", 3, 3, call_poll},
	{"setsockopt", 3, 4, call_setsockopt},
	{"getsockopt", 2, 2, call_getsockopt},
	{"nonblock", 2, 2, call_nonblock},
	{"tcpinfo", 1, 1, call_tcpinfo},
};

const struct call_entry *call_named(const char *name) {
	for (size_t i = 0; i < sizeof CALLS / sizeof *CALLS; i++)
		if (strcmp(CALLS[i].name, name) == 0) return &CALLS[i];
	return NULL;
}
