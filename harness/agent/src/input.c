/* Input of processes. It is queued in order, and each request is answered when its bytes are in the pipe. */

#include "harness.h"
#include "process.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void answer_first(struct process *process, int error) {
	struct pending_input *first = process->inputs;
	process->inputs = first->next;
	if (first->id && error) harness_send_error(first->id, error, "the input of this process has no reader any more");
	else if (first->id) harness_send(first->id, "ok");
	free(first->bytes);
	free(first);
}

static void close_input(struct process *process) {
	if (process->input >= 0) close(process->input);
	process->input = -1;
	while (process->inputs) answer_first(process, process->inputs->is_end ? 0 : EPIPE);
}

void process_input_ready(void *subject) {
	struct process *process = subject;
	if (process->input < 0) return;
	/* poll reports an event although none was requested: the readers are gone. */
	if (!process->inputs) return close_input(process);
	while (process->inputs) {
		struct pending_input *first = process->inputs;
		if (first->is_end) return close_input(process);
		while (first->done < first->length) {
			ssize_t written = write(process->input, first->bytes + first->done, first->length - first->done);
			if (written >= 0) first->done += (size_t)written;
			else if (errno == EAGAIN) return;
			else if (errno != EINTR) return close_input(process);
		}
		answer_first(process, 0);
	}
}

static void append(struct process *process, struct pending_input input) {
	struct pending_input **end = &process->inputs;
	while (*end) end = &(*end)->next;
	*end = allocate(sizeof **end);
	**end = input;
	if (process->input >= 0) process_input_ready(process);
	else close_input(process);
}

void process_write(struct process *process, uint64_t id, char *bytes, size_t length) {
	if (length > 0) process->in_line = bytes[length - 1] != '\n';
	append(process, (struct pending_input){.id = id, .bytes = bytes, .length = length});
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
		size_t length = strlen(typed);
		append(process, (struct pending_input){.id = id, .bytes = duplicate(typed, length), .length = length});
		return;
	}
	append(process, (struct pending_input){.id = id, .is_end = true});
}
