/*
 * dnc: the modified nc of the article "TCP Puzzlers". `dnc ADDRESS PORT` connects, `dnc -l PORT` accepts one
 * connection. Unlike nc it keeps its socket open after the end of the stream, and prints on stderr what each poll and
 * each read returned.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static const struct { short bit; const char *name; } events[] = {
	{ POLLIN, "POLLIN" }, { POLLPRI, "POLLPRI" }, { POLLHUP, "POLLHUP" }, { POLLERR, "POLLERR" }, { POLLNVAL, "POLLNVAL" },
};

static void fail(const char *call)
{
	fprintf(stderr, "dnc: %s: %s\n", call, strerrorname_np(errno));
	exit(1);
}

static void append_events(char *line, const struct pollfd *polled, const char *descriptor)
{
	if (polled->revents == 0)
		return;
	strcat(strcat(line, line[0] ? ", " : ""), descriptor);
	for (size_t i = 0, named = 0; i < sizeof events / sizeof events[0]; i++)
		if (polled->revents & events[i].bit)
			strcat(strcat(line, named++ ? "|" : " "), events[i].name);
}

static void print_poll(const struct pollfd *in, const struct pollfd *peer)
{
	char line[128] = "";

	append_events(line, in, "stdin");
	append_events(line, peer, "socket");
	fprintf(stderr, "dnc: poll: %s\n", line);
}

/* An address of either family. Both have the port at the same place (include/uapi/linux/in6.h). */
union address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

static union address address_of(const char *address, const char *port)
{
	union address name = { 0 };
	int is_v6 = strchr(address, ':') != NULL;
	char *rest;
	unsigned long number = strtoul(port, &rest, 10);

	name.any.sa_family = is_v6 ? AF_INET6 : AF_INET;
	if (number < 1 || number > 65535 || *rest != '\0' ||
	    inet_pton(name.any.sa_family, address, is_v6 ? (void *)&name.v6.sin6_addr : (void *)&name.v4.sin_addr) != 1) {
		fprintf(stderr, "dnc: not a numeric IP address and port: %s %s\n", address, port);
		exit(2);
	}
	name.v4.sin_port = htons(number);
	return name;
}

static socklen_t size_of(const union address *address)
{
	return address->any.sa_family == AF_INET6 ? sizeof address->v6 : sizeof address->v4;
}

static int connected_to(const char *address, const char *port)
{
	union address peer = address_of(address, port);
	int sock = socket(peer.any.sa_family, SOCK_STREAM, 0);

	if (sock < 0)
		fail("socket");
	if (connect(sock, &peer.any, size_of(&peer)) < 0)
		fail("connect");
	fprintf(stderr, "dnc: connected\n");
	return sock;
}

static int accepted_on(const char *any, const char *port)
{
	union address own = address_of(any, port);
	int listener = socket(own.any.sa_family, SOCK_STREAM, 0), on = 1, sock;

	if (listener < 0)
		fail("socket");
	setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
	if (bind(listener, &own.any, size_of(&own)) < 0 || listen(listener, 1) < 0)
		fail("listen");
	fprintf(stderr, "dnc: listening\n");
	if ((sock = accept(listener, NULL, NULL)) < 0)
		fail("accept");
	close(listener);
	fprintf(stderr, "dnc: connected\n");
	return sock;
}

/* Reads once. Prints the end of the stream or an error; received data goes to stdout. */
static ssize_t read_socket(int sock)
{
	char data[65536];
	ssize_t got = read(sock, data, sizeof data);

	if (got < 0)
		fprintf(stderr, "dnc: read: %s\n", strerrorname_np(errno));
	else if (got == 0)
		fprintf(stderr, "dnc: read: 0 (end of stream)\n");
	else if (write(STDOUT_FILENO, data, got) < 0)
		fail("write to stdout");
	return got;
}

/*
 * Sends what was typed. Returns false at the end of input. A failed write is printed, a successful one only on request.
 */
static int send_typed(int sock, int print_success)
{
	char data[65536];
	ssize_t typed = read(STDIN_FILENO, data, sizeof data), sent;

	if (typed <= 0)
		return 0;
	if ((sent = write(sock, data, typed)) < 0)
		fprintf(stderr, "dnc: write: %s\n", strerrorname_np(errno));
	else if (print_success)
		fprintf(stderr, "dnc: write: %zd\n", sent);
	return 1;
}

int main(int argc, char **argv)
{
	int is_v6 = argc > 1 && strcmp(argv[1], "-6") == 0;

	argc -= is_v6;
	argv += is_v6;
	if (argc != 3) {
		fprintf(stderr, "usage: dnc ADDRESS PORT | dnc [-6] -l PORT\n");
		return 2;
	}
	signal(SIGPIPE, SIG_IGN); /* so that a write to a reset connection fails with EPIPE and does not end the program */
	int sock = strcmp(argv[1], "-l") == 0 ? accepted_on(is_v6 ? "::" : "0.0.0.0", argv[2]) : connected_to(argv[1], argv[2]);
	struct pollfd fds[2] = { { .fd = STDIN_FILENO, .events = POLLIN }, { .fd = sock, .events = POLLIN } };

	while (poll(fds, 2, -1) >= 0) {
		struct pollfd *in = &fds[0], *peer = &fds[1];

		print_poll(in, peer);
		if (peer->revents != 0) {
			ssize_t got = read_socket(sock);

			if (got < 0 || (got == 0 && (peer->revents & (POLLERR | POLLHUP))))
				peer->fd = -1; /* poll always reports these two, so it would return at once, again and again */
			else if (got == 0)
				peer->events = 0; /* the same for POLLIN; a later reset still wakes poll */
		}
		if (in->revents != 0 && !send_typed(sock, peer->fd < 0))
			in->fd = -1;
		else if (in->revents != 0 && peer->fd < 0)
			read_socket(sock);
	}
	fail("poll");
}
