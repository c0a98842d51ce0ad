#include "process.h"
#include "harness.h"
#include "loop.h"
#include "names.h"
#include "controlled.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

/** The most unread output that a terminal holds (drivers/tty/tty_buffer.c: 64 KiB; n_tty.c: 4 KiB). */
#define TERMINAL_CAPACITY (68u << 10)

struct process *processes;

struct process *process_add(uint64_t id) {
	static const char *const NAMES[STREAMS] = {[OUT] = "out", [ERR] = "err", [LOG] = "log"};
	struct process *process = allocate(sizeof *process);
	*process = (struct process){.id = id, .terminal = -1, .log_writer = -1, .input = -1, .next = processes};
	for (int s = 0; s < STREAMS; s++) process->streams[s] = (struct stream){process, NAMES[s], -1};
	processes = process;
	return process;
}

static void close_fd(int *fd) {
	if (*fd >= 0) close(*fd);
	*fd = -1;
}

void process_discard(struct process *process) {
	struct process **at = &processes;
	while (*at != process) at = &(*at)->next;
	*at = process->next;
	for (int s = 0; s < STREAMS; s++) close_fd(&process->streams[s].fd);
	close_fd(&process->log_writer);
	close_fd(&process->input);
	close_fd(&process->terminal);
	buffer_free(&process->partial);
	free(process);
}

struct process *process_find(uint64_t id) {
	struct process *process = processes;
	while (process && process->id != id) process = process->next;
	return process;
}

/** Reads once, at most `limit` bytes. Returns the number of bytes. */
static size_t stream_read(struct stream *stream, size_t limit) {
	static char bytes[1 << 16];
	ssize_t length = read(stream->fd, bytes, limit < sizeof bytes ? limit : sizeof bytes);
	if (length > 0) {
		/* The process that writes has opened the log. Its end is the end of the log from now on. */
		if (stream == &stream->process->streams[LOG]) close_fd(&stream->process->log_writer);
		if (stream->name) harness_send_bytes(stream->process->id, stream->name, bytes, (size_t)length);
		else controlled_answers(stream->process, bytes, (size_t)length);
		return (size_t)length;
	}
	/*
	 * EIO from a terminal that nobody has open on the other side is the end of the stream (tty_io.c, TTY_OTHER_CLOSED).
	 */
	if (length == 0 || (errno == EIO && stream->process->has_terminal)) {
		close_fd(&stream->fd);
		if (stream->name) harness_send(stream->process->id, "eof %s", stream->name);
	}
	return 0;
}

static void stream_ready(void *subject) {
	struct stream *stream = subject;
	if (stream->fd >= 0) stream_read(stream, SIZE_MAX);
}

/** Reports the current content of the pipe and no more: a grandchild may write for ever. */
static void stream_drain(struct stream *stream) {
	int available = TERMINAL_CAPACITY;
	/* A terminal moves its data when it is read and cannot report the amount before. */
	if (stream->fd < 0 || (!stream->process->has_terminal && ioctl(stream->fd, FIONREAD, &available) < 0)) return;
	for (size_t left = available > 0 ? (size_t)available : 0, taken; left > 0; left -= taken) {
		taken = stream_read(stream, left);
		if (taken == 0) return;
	}
}

static void send_end(struct process *process, int status) {
	if (WIFEXITED(status)) {
		harness_send(process->id, "exited %d", WEXITSTATUS(status));
		return;
	}
	struct buffer signal = {0};
	append_signal_name(&signal, WTERMSIG(status));
	harness_send(process->id, "killed %.*s", (int)signal.length, buffer_bytes(&signal));
	buffer_free(&signal);
}

static void process_ended(struct process *process, int status) {
	for (int s = 0; s < STREAMS; s++) stream_drain(&process->streams[s]);
	process->reaped = true;
	close_fd(&process->log_writer);
	send_end(process, status);
	if (process->is_controlled) controlled_ended(process);
}

void processes_reap(void) {
	int status;
	for (pid_t pid; (pid = waitpid(-1, &status, WNOHANG)) > 0;) {
		struct process *process = processes;
		while (process && (process->reaped || process->pid != pid)) process = process->next;
		if (process) process_ended(process, status);
	}
}

void processes_watch(void) {
	bool may_read = !harness_is_behind();
	for (struct process *process = processes; process; process = process->next) {
		for (int s = 0; may_read && s < STREAMS; s++)
			if (process->streams[s].fd >= 0) watch(process->streams[s].fd, POLLIN, stream_ready, &process->streams[s]);
		/* An input without pending data is watched for the error that reports that its readers are gone. */
		if (process->input >= 0) watch(process->input, process->inputs ? POLLOUT : 0, process_input_ready, process);
	}
}

void processes_sweep(void) {
	for (struct process *process = processes, *next; process; process = next) {
		next = process->next;
		bool open = process->input >= 0;
		for (int s = 0; s < STREAMS; s++) open = open || process->streams[s].fd >= 0;
		if (process->reaped && !open) process_discard(process);
	}
}
