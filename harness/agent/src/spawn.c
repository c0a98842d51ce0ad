#define _GNU_SOURCE 1

#include "spawn.h"
#include "child.h"
#include "harness.h"
#include "process.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/** The ends of the pipes that the child uses; the agent's ends are in the process's record. */
struct child_ends {
	int input, out, err;
};

static bool make_pipe(int *reader, int *writer) {
	int ends[2];
	if (pipe2(ends, O_CLOEXEC) < 0) return false;
	*reader = ends[0];
	*writer = ends[1];
	return true;
}

static bool make_pipes(struct process *process, struct child_ends *child, bool with_log) {
	if (!make_pipe(&child->input, &process->input) || !make_pipe(&process->streams[OUT].fd, &child->out) ||
		!make_pipe(&process->streams[ERR].fd, &child->err) || (with_log && !make_pipe(&process->streams[LOG].fd, &process->log_writer)))
		return false;
	int ours[] = {process->input, process->streams[OUT].fd, process->streams[ERR].fd, process->streams[LOG].fd};
	for (size_t i = 0; i < sizeof ours / sizeof *ours; i++) fcntl(ours[i], F_SETFL, O_NONBLOCK);
	return true;
}

static void close_ends(const struct child_ends *child) {
	int ends[] = {child->input, child->out, child->err};
	for (size_t i = 0; i < sizeof ends / sizeof *ends; i++)
		if (ends[i] >= 0) close(ends[i]);
}

static void run_child(char **argv, const struct child_ends *ends, int status, pid_t agent) {
	child_become_own(agent);
	dup2(ends->input, STDIN_FILENO);
	dup2(ends->out, STDOUT_FILENO);
	dup2(ends->err, STDERR_FILENO);
	execvp(argv[0], argv);
	int error = errno;
	if (write(status, &error, sizeof error) < 0) _exit(126);
	_exit(127);
}

/** Forks and waits for the exec. Returns 0, or the errno of what failed. */
static int start(struct process *process, char **argv, const struct child_ends *ends) {
	int reader, writer;
	if (!make_pipe(&reader, &writer)) return errno;
	pid_t agent = getpid();
	process->pid = fork();
	if (process->pid == 0) run_child(argv, ends, writer, agent);
	int error = process->pid < 0 ? errno : 0;
	close(writer);
	if (process->pid > 0 && read(reader, &error, sizeof error) == sizeof error) waitpid(process->pid, NULL, 0);
	close(reader);
	return error;
}

static char **make_argv(const struct word *words, size_t count, const char *log) {
	char **argv = allocate((count + 1) * sizeof *argv);
	for (size_t i = 0; i < count; i++) argv[i] = log && strcmp(words[i].bytes, "@log") == 0 ? (char *)log : words[i].bytes;
	return argv;
}

void spawn(uint64_t id, bool with_log, const struct word *words, size_t count) {
	struct process *process = process_add(id);
	struct child_ends ends = {-1, -1, -1};
	int error = make_pipes(process, &ends, with_log) ? 0 : errno;
	if (!error) {
		char log[64];
		snprintf(log, sizeof log, "/proc/%d/fd/%d", getpid(), process->log_writer);
		char **argv = make_argv(words, count, with_log ? log : NULL);
		error = start(process, argv, &ends);
		free(argv);
	}
	close_ends(&ends);
	if (error) {
		char text[256];
		snprintf(text, sizeof text, "%s: %s", words[0].bytes, strerror(error));
		process_discard(process);
		tell_error(id, error, text);
		return;
	}
	tell(id, "ok %d", process->pid);
}
