#include "sleeps.h"
#include "buffer.h"
#include "harness.h"
#include "loop.h"

#include <errno.h>
#include <stdlib.h>

struct sleeper {
	uint64_t id;
	long long end;
	struct sleeper *next;
};

static struct sleeper *sleepers;

void sleep_start(uint64_t id, uint64_t microseconds) {
	struct sleeper *sleeper = allocate(sizeof *sleeper);
	/* The clock is truncated to microseconds. One microsecond is added, so that no sleep ends early. */
	*sleeper = (struct sleeper){id, monotonic_microseconds() + (long long)microseconds + (microseconds > 0), sleepers};
	sleepers = sleeper;
}

static struct sleeper **find(uint64_t id) {
	struct sleeper **at = &sleepers;
	while (*at && (*at)->id != id) at = &(*at)->next;
	return at;
}

static void remove_sleeper(struct sleeper **at) {
	struct sleeper *gone = *at;
	*at = gone->next;
	free(gone);
}

bool sleep_exists(uint64_t id) {
	return *find(id) != NULL;
}

bool sleep_cancel(uint64_t id) {
	struct sleeper **at = find(id);
	if (!*at) return false;
	remove_sleeper(at);
	harness_send_error(id, ECANCELED, "the sleep was cancelled");
	return true;
}

void sleeps_watch(void) {
	for (struct sleeper *sleeper = sleepers; sleeper; sleeper = sleeper->next) watch_clock(sleeper->end);
}

/** Answers the sleeps that have ended, the earliest first. */
void sleeps_answer(void) {
	long long now = monotonic_microseconds();
	for (;;) {
		struct sleeper **earliest = NULL;
		for (struct sleeper **at = &sleepers; *at; at = &(*at)->next)
			if ((*at)->end <= now && (!earliest || (*at)->end < (*earliest)->end)) earliest = at;
		if (!earliest) return;
		harness_send((*earliest)->id, "ok");
		remove_sleeper(earliest);
	}
}
