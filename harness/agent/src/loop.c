#define _GNU_SOURCE 1

#include "loop.h"
#include "buffer.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <time.h>

struct watched {
	ready_function ready;
	void *subject;
};

static struct pollfd *polled;
static struct watched *watched;
static size_t count, capacity;
static long long deadline = -1;

void watch(int fd, short events, ready_function ready, void *subject) {
	if (count == capacity) {
		capacity = capacity ? 2 * capacity : 64;
		polled = realloc(polled, capacity * sizeof *polled);
		watched = realloc(watched, capacity * sizeof *watched);
		if (!polled || !watched) die("agent: realloc");
	}
	polled[count] = (struct pollfd){.fd = fd, .events = events};
	watched[count++] = (struct watched){ready, subject};
}

void watch_clock(long long microseconds) {
	if (deadline < 0 || microseconds < deadline) deadline = microseconds;
}

long long monotonic_microseconds(void) {
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000LL + now.tv_nsec / 1000;
}

void loop_turn(void) {
	struct timespec limit = {0}, *wait = NULL;
	if (deadline >= 0) {
		long long left = deadline - monotonic_microseconds();
		if (left > 0) limit = (struct timespec){.tv_sec = left / 1000000, .tv_nsec = left % 1000000 * 1000};
		wait = &limit;
	}
	int seen = ppoll(polled, count, wait, NULL);
	if (seen < 0 && errno != EINTR) die("agent: ppoll");
	for (size_t i = 0; seen > 0 && i < count; i++)
		if (polled[i].revents) watched[i].ready(watched[i].subject);
	count = 0;
	deadline = -1;
}
