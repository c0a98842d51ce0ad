/* Input of processes: queued in order, and answered when it is in the pipe. */

#include "harness.h"
#include "process.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void feed_answered(struct process *process, int error) {
	struct feed *feed = process->feeds;
	process->feeds = feed->next;
	if (feed->id && error) tell_error(feed->id, error, "nobody reads the input of this process any more");
	else if (feed->id) tell(feed->id, "ok");
	free(feed->bytes);
	free(feed);
}

static void close_input(struct process *process) {
	if (process->input >= 0) close(process->input);
	process->input = -1;
	while (process->feeds) feed_answered(process, process->feeds->is_end ? 0 : EPIPE);
}

void process_feed_ready(void *subject) {
	struct process *process = subject;
	if (process->input < 0) return;
	/* poll reports an event although none was requested: the readers are gone. */
	if (!process->feeds) return close_input(process);
	while (process->feeds) {
		struct feed *feed = process->feeds;
		if (feed->is_end) return close_input(process);
		while (feed->done < feed->length) {
			ssize_t written = write(process->input, feed->bytes + feed->done, feed->length - feed->done);
			if (written >= 0) feed->done += (size_t)written;
			else if (errno == EAGAIN) return;
			else if (errno != EINTR) return close_input(process);
		}
		feed_answered(process, 0);
	}
}

static void append(struct process *process, struct feed feed) {
	struct feed **end = &process->feeds;
	while (*end) end = &(*end)->next;
	*end = allocate(sizeof **end);
	**end = feed;
	if (process->input >= 0) process_feed_ready(process);
	else close_input(process);
}

void process_feed(struct process *process, uint64_t id, char *bytes, size_t length) {
	if (length > 0) process->in_line = bytes[length - 1] != '\n';
	append(process, (struct feed){.id = id, .bytes = bytes, .length = length});
}

/**
 * This character ends a terminal's input at the beginning of a line. Anywhere else it only flushes what was typed
 * (termios(3), VEOF).
 */
#define END_OF_FILE "\4"

void process_end_input(struct process *process, uint64_t id) {
	if (process->has_terminal) {
		const char *typed = process->in_line ? END_OF_FILE END_OF_FILE : END_OF_FILE;
		process->in_line = false;
		append(process, (struct feed){.id = id, .bytes = duplicate(typed, strlen(typed)), .length = strlen(typed)});
		return;
	}
	append(process, (struct feed){.id = id, .is_end = true});
}
