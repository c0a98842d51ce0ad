#define _GNU_SOURCE 1

#include "controlled.h"
#include "child.h"
#include "harness.h"
#include "framing.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

/** The channel to the agent uses the highest descriptors, so that socket calls get the usual low ones. */
#define HIGHEST_DESCRIPTOR 1023

static void become_controlled(int calls, int answers, pid_t agent) {
	child_prepare(agent);
	prctl(PR_SET_NAME, "controlled");
	struct rlimit limit;
	int highest = HIGHEST_DESCRIPTOR;
	if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur <= HIGHEST_DESCRIPTOR) highest = (int)limit.rlim_cur - 1;
	int nothing = open("/dev/null", O_RDWR);
	for (int fd = 0; fd <= 2 && nothing >= 0; fd++) dup2(nothing, fd);
	if (dup2(calls, highest - 1) < 0 || dup2(answers, highest) < 0) _exit(127);
	close_descriptors(3, (unsigned)highest - 2);
	close_descriptors((unsigned)highest + 1, UINT_MAX);
	controlled_main(highest - 1, highest);
}

void controlled_start(uint64_t id) {
	int calls[2] = {-1, -1}, answers[2] = {-1, -1};
	pid_t agent = getpid(), pid = -1;
	if (pipe2(calls, O_CLOEXEC) == 0 && pipe2(answers, O_CLOEXEC) == 0) pid = fork();
	int error = errno;
	if (pid == 0) become_controlled(calls[0], answers[1], agent);
	if (calls[0] >= 0) close(calls[0]);
	if (answers[1] >= 0) close(answers[1]);
	if (pid < 0) {
		if (calls[1] >= 0) close(calls[1]);
		if (answers[0] >= 0) close(answers[0]);
		harness_send_error(id, error, "no process could be created");
		return;
	}
	fcntl(calls[1], F_SETFL, O_NONBLOCK);
	fcntl(answers[0], F_SETFL, O_NONBLOCK);
	struct process *process = process_add(id);
	process->pid = pid;
	process->is_controlled = true;
	process->input = calls[1];
	process->streams[OUT].fd = answers[0];
	process->streams[OUT].name = NULL;
	harness_send(id, "ok %d", pid);
}

void controlled_call(struct process *process, uint64_t id, const char *line, size_t length) {
	struct pending_call *call = allocate(sizeof *call);
	*call = (struct pending_call){id, process->calls};
	process->calls = call;
	struct buffer request = {0};
	buffer_printf(&request, "%llu ", (unsigned long long)id);
	buffer_append(&request, line, length);
	buffer_append(&request, "\n", 1);
	process_write(process, 0, duplicate(buffer_bytes(&request), request.length), request.length);
	buffer_free(&request);
}

static void remove_call(struct process *process, uint64_t id) {
	for (struct pending_call **at = &process->calls; *at; at = &(*at)->next) {
		if ((*at)->id != id) continue;
		struct pending_call *gone = *at;
		*at = gone->next;
		free(gone);
		return;
	}
}

void controlled_answers(struct process *process, const char *bytes, size_t length) {
	struct buffer *partial = &process->partial;
	buffer_append(partial, bytes, length);
	for (char *newline; partial->length > 0 && (newline = memchr(buffer_bytes(partial), '\n', partial->length));) {
		size_t line = (size_t)(newline - buffer_bytes(partial));
		remove_call(process, leading_id(buffer_bytes(partial), line));
		harness_send_line(buffer_bytes(partial), line);
		buffer_consume(partial, line + 1);
	}
}

void controlled_ended(struct process *process) {
	while (process->calls) {
		harness_send_error(process->calls->id, ESRCH, "the controlled process ended before the call returned");
		remove_call(process, process->calls->id);
	}
}
