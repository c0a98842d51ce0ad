#include "requests.h"
#include "buffer.h"
#include "harness.h"
#include "names.h"
#include "process.h"
#include "controlled.h"
#include "relay.h"
#include "sleeps.h"
#include "spawn.h"
#include "framing.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LONGEST_LINE (1u << 20)
#define LARGEST_BODY (16u << 20)

/** One request: its id, the words after its verb, and its line. */
struct request {
	uint64_t id;
	struct word *word;
	size_t count;
	const char *line;
	size_t line_length;
	const char *body;
	size_t body_length;
};

/** Executes a request and answers it. Returns what is wrong with the request, or NULL. */
typedef const char *(*request_function)(const struct request *request);

static const char NOT_AN_ID[] = "an id is a positive decimal number";
static const char ID_IN_USE[] = "this id is in use";

static bool parse_id(const struct word *word, uint64_t *id) {
	return parse_number(word, INT64_MAX, id) && *id > 0;
}

static bool in_use(uint64_t id) {
	return process_find(id) || sleep_exists(id);
}

static const char *request_now(const struct request *request) {
	harness_send(request->id, "ok");
	return NULL;
}

static const char *request_sleep(const struct request *request) {
	uint64_t microseconds;
	if (!parse_number(&request->word[0], LONGEST_SLEEP, &microseconds)) return "a sleep is a number of microseconds";
	if (in_use(request->id)) return ID_IN_USE;
	sleep_start(request->id, microseconds);
	return NULL;
}

static const char *request_cancel(const struct request *request) {
	uint64_t id;
	if (!parse_id(&request->word[0], &id)) return NOT_AN_ID;
	if (sleep_cancel(id)) harness_send(request->id, "ok");
	else harness_send_error(request->id, ESRCH, "no such sleep");
	return NULL;
}

static bool parse_spawn_options(char *list, struct spawn_options *options) {
	*options = (struct spawn_options){0};
	if (strcmp(list, "-") == 0) return true;
	for (char *item = list, *rest; item; item = rest) {
		rest = strchr(item, ',');
		if (rest) *rest++ = '\0';
		if (strcmp(item, "log") == 0) options->log = true;
		else if (strcmp(item, "tty") == 0) options->terminal = true;
		else return false;
	}
	return true;
}

static const char *request_spawn(const struct request *request) {
	struct spawn_options options;
	if (!parse_spawn_options(request->word[0].bytes, &options))
		return "options are neither - nor a comma-separated list of log and tty";
	if (in_use(request->id)) return ID_IN_USE;
	for (size_t i = 1; i < request->count; i++)
		if (!is_text(&request->word[i])) return "an argument of a program must not contain NUL";
	spawn(request->id, options, request->word + 1, request->count - 1);
	return NULL;
}

static const char *request_relay(const struct request *request) {
	if (in_use(request->id)) return ID_IN_USE;
	spawn_function(request->id, relay_main);
	return NULL;
}

static const char *request_write(const struct request *request) {
	uint64_t id;
	if (!parse_id(&request->word[0], &id)) return NOT_AN_ID;
	struct process *process = process_find(id);
	if (process && process->is_controlled) return "a controlled process has no input";
	size_t length = request->body_length;
	if (process) process_write(process, request->id, duplicate(request->body, length), length);
	else harness_send_error(request->id, EPIPE, "no such process");
	return NULL;
}

static const char *request_close(const struct request *request) {
	uint64_t id;
	if (!parse_id(&request->word[0], &id)) return NOT_AN_ID;
	struct process *process = process_find(id);
	if (process) process_end_input(process, request->id);
	else harness_send_error(request->id, ESRCH, "no such process");
	return NULL;
}

static const char *request_signal(const struct request *request) {
	uint64_t id;
	int number = signal_number(request->word[1].bytes);
	if (!parse_id(&request->word[0], &id)) return NOT_AN_ID;
	if (!number) return "no such signal";
	struct process *process = process_find(id);
	if (!process || process->reaped) harness_send_error(request->id, ESRCH, "no such process");
	else if (kill(process->pid, number) < 0) harness_send_error(request->id, errno, strerror(errno));
	else harness_send(request->id, "ok");
	return NULL;
}

static const char *request_controlled(const struct request *request) {
	if (in_use(request->id)) return ID_IN_USE;
	controlled_start(request->id);
	return NULL;
}

/** The controlled process gets the rest of the line unchanged, from the name of the call on. */
static const char *request_call(const struct request *request) {
	uint64_t id;
	if (!parse_id(&request->word[0], &id)) return NOT_AN_ID;
	struct process *process = process_find(id);
	if (process && !process->is_controlled) return "this id is not that of a controlled process";
	if (!process || process->reaped) {
		harness_send_error(request->id, ESRCH, "no such controlled process");
		return NULL;
	}
	const char *rest = request->line;
	for (int spaces = 0; spaces < 3; spaces++) rest = strchr(rest, ' ') + 1;
	controlled_call(process, request->id, rest, request->line_length - (size_t)(rest - request->line));
	return NULL;
}

static const struct verb {
	const char *name;
	size_t least, most;
	request_function perform;
} VERBS[] = {
	/* name, minimum and maximum number of words after it, function */
	{"now", 0, 0, request_now},
	{"sleep", 1, 1, request_sleep},
	{"cancel", 1, 1, request_cancel},
	{"spawn", 2, SIZE_MAX, request_spawn},
	{"relay", 0, 0, request_relay},
	{"write", 2, 2, request_write},
	{"close", 1, 1, request_close},
	{"signal", 2, 2, request_signal},
	{"controlled", 0, 0, request_controlled},
	{"call", 2, SIZE_MAX, request_call},
};

static const struct verb *verb_named(const char *name) {
	for (size_t i = 0; i < sizeof VERBS / sizeof *VERBS; i++)
		if (strcmp(VERBS[i].name, name) == 0) return &VERBS[i];
	return NULL;
}

static struct buffer input;
/** Remaining bytes of a body that is skipped. */
static uint64_t bytes_to_skip;
/** Whether the rest of a line that is too long is skipped. */
static bool in_long_line;

enum progress { HANDLED, INCOMPLETE };

/** Handles one request whose line is `length` bytes at the start of the input, if its body has arrived, too. */
static enum progress handle_request(size_t length) {
	uint64_t id = leading_id(buffer_bytes(&input), length);
	char *line = duplicate(buffer_bytes(&input), length), *split = duplicate(line, length);
	struct words words;
	const char *problem = split_line(split, length, &words);
	if (id == 0) problem = NOT_AN_ID;
	const struct verb *verb = NULL;
	if (!problem) {
		verb = words.count > 1 ? verb_named(words.word[1].bytes) : NULL;
		size_t count = words.count - 2;
		if (!verb) problem = "no such request";
		else if (count < verb->least || count > verb->most) problem = "a wrong number of words";
	}
	uint64_t body = 0;
	if (!problem && verb->perform == request_write) {
		if (!parse_number(&words.word[3], INT64_MAX, &body)) problem = "n is not a number of bytes";
		else if (body > LARGEST_BODY) problem = "more bytes than a request may have", bytes_to_skip = body, body = 0;
	}
	enum progress progress = input.length < length + 1 + body ? INCOMPLETE : HANDLED;
	if (progress == HANDLED) {
		char *bytes = buffer_bytes(&input) + length + 1;
		struct request request = {id, words.word + 2, words.count - 2, line, length, bytes, body};
		if (!problem) problem = verb->perform(&request);
		if (problem) harness_send_error(id, EPROTO, problem);
		buffer_consume(&input, length + 1 + body);
	}
	free(words.word);
	free(split);
	free(line);
	return progress;
}

static enum progress skip_body(void) {
	size_t skipped = bytes_to_skip < input.length ? (size_t)bytes_to_skip : input.length;
	bytes_to_skip -= skipped;
	buffer_consume(&input, skipped);
	return input.length > 0 ? HANDLED : INCOMPLETE;
}

static enum progress handle_next(void) {
	if (bytes_to_skip > 0) return skip_body();
	char *newline = memchr(buffer_bytes(&input), '\n', input.length);
	size_t length = newline ? (size_t)(newline - buffer_bytes(&input)) : input.length;
	if (!in_long_line && length > LONGEST_LINE) {
		harness_send_error(leading_id(buffer_bytes(&input), length), EPROTO, "a line longer than 1048576 bytes");
		in_long_line = true;
	}
	if (in_long_line) {
		in_long_line = !newline;
		buffer_consume(&input, length + (newline != NULL));
		return newline ? HANDLED : INCOMPLETE;
	}
	return newline ? handle_request(length) : INCOMPLETE;
}

void requests_receive(const char *bytes, size_t length) {
	buffer_append(&input, bytes, length);
	while (input.length > 0 && handle_next() == HANDLED) continue;
}
