/* The code of a controlled process. One thread reads calls. Each call runs in another thread, because it may block. */

#include "call.h"
#include "controlled.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int answers = -1;
static pthread_mutex_t answering = PTHREAD_MUTEX_INITIALIZER;

/** Writes one whole line. Lines of other threads are not mixed into it. */
static void answer(const struct buffer *line) {
	pthread_mutex_lock(&answering);
	for (size_t done = 0; done < line->length;) {
		ssize_t written = write(answers, buffer_bytes(line) + done, line->length - done);
		if (written > 0) done += (size_t)written;
		else if (errno != EINTR) _exit(0);
	}
	pthread_mutex_unlock(&answering);
}

static void answer_called(uint64_t id, const struct call *call) {
	struct buffer line = {0};
	double seconds = (double)(call->left.tv_sec - call->entered.tv_sec) +
		(double)(call->left.tv_nsec - call->entered.tv_nsec) / 1e9;
	buffer_printf(&line, "%llu called %lld.%06ld %.6f %ld %d", (unsigned long long)id,
		(long long)call->start.tv_sec, call->start.tv_nsec / 1000, seconds, call->result, call->error);
	buffer_append(&line, buffer_bytes(&call->addresses), call->addresses.length);
	buffer_append(&line, buffer_bytes(&call->values), call->values.length);
	buffer_append(&line, "\n", 1);
	answer(&line);
	buffer_free(&line);
}

static void answer_error(uint64_t id, const char *problem) {
	struct buffer line = {0};
	buffer_printf(&line, "%llu error EPROTO ", (unsigned long long)id);
	append_word(&line, problem, strlen(problem));
	buffer_append(&line, "\n", 1);
	answer(&line);
	buffer_free(&line);
}

static const char *make_call(const struct words *words, uint64_t id) {
	const struct call_entry *entry = call_named(words->word[1].bytes);
	if (!entry) return "no such call";
	struct call call = {.arguments = words->word + 2, .count = words->count - 2};
	if (call.count < entry->least || call.count > entry->most) return "a wrong number of arguments";
	const char *problem = entry->make(&call);
	int fd = (int)call.result;
	bool has_socket = call.count == 0 || parse_int(&call.arguments[0], &fd);
	if (call.addresses.length == 0 && has_socket) call_ask_addresses(&call, fd);
	if (!problem) answer_called(id, &call);
	buffer_free(&call.values);
	buffer_free(&call.addresses);
	return problem;
}

/** A line is `<id> <call> <args…>`. The agent has validated the first two words. */
static void *perform(void *subject) {
	char *line = subject;
	size_t length = strlen(line);
	uint64_t id = leading_id(line, length);
	struct words words;
	const char *problem = split_line(line, length, &words);
	if (!problem) problem = make_call(&words, id);
	if (problem) answer_error(id, problem);
	free(words.word);
	free(line);
	return NULL;
}

static void start_thread(char *line) {
	pthread_attr_t attributes;
	pthread_attr_init(&attributes);
	pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
	pthread_attr_setstacksize(&attributes, 128 << 10);
	pthread_t thread;
	if (pthread_create(&thread, &attributes, perform, line) != 0) {
		answer_error(leading_id(line, strlen(line)), "no thread could be created for the call");
		free(line);
	}
	pthread_attr_destroy(&attributes);
}

void controlled_main(int calls, int answers_to) {
	answers = answers_to;
	struct buffer input = {0};
	static char bytes[1 << 16];
	for (;;) {
		ssize_t length = read(calls, bytes, sizeof bytes);
		if (length < 0 && errno == EINTR) continue;
		if (length <= 0) _exit(0);
		buffer_append(&input, bytes, (size_t)length);
		for (char *newline; input.length > 0 && (newline = memchr(buffer_bytes(&input), '\n', input.length));) {
			size_t line = (size_t)(newline - buffer_bytes(&input));
			start_thread(duplicate(buffer_bytes(&input), line));
			buffer_consume(&input, line + 1);
		}
	}
}
