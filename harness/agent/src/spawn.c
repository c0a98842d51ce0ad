#define _GNU_SOURCE 1

#include "spawn.h"
#include "child.h"
#include "harness.h"
#include "process.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#ifndef TIOCGPTPEER
#define TIOCGPTPEER _IO('T', 0x41)
#endif

/** The child's ends of the pipes, or of the terminal. The agent's ends are in struct process. */
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

static bool make_pipes(struct process *process, struct child_ends *child) {
	return make_pipe(&child->input, &process->input) && make_pipe(&process->streams[OUT].fd, &child->out) &&
		make_pipe(&process->streams[ERR].fd, &child->err);
}

/**
 * Creates a terminal with the usual settings, except two: it does not echo input, and it does not translate newlines in
 * output. The other side is opened by ioctl_tty(2), TIOCGPTPEER, so that no path is needed.
 */
static bool make_terminal(struct process *process, struct child_ends *child) {
	int unlocked = 0;
	struct termios mode;
	struct winsize size = {.ws_row = 24, .ws_col = 80};
	process->has_terminal = true;
	process->input = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (process->input < 0 || ioctl(process->input, TIOCSPTLCK, &unlocked) < 0) return false;
	process->streams[OUT].fd = fcntl(process->input, F_DUPFD_CLOEXEC, 0);
	process->terminal = fcntl(process->input, F_DUPFD_CLOEXEC, 0);
	child->input = ioctl(process->input, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (process->streams[OUT].fd < 0 || process->terminal < 0 || child->input < 0) return false;
	if (tcgetattr(child->input, &mode) < 0) return false;
	mode.c_lflag &= ~(tcflag_t)ECHO;
	mode.c_oflag &= ~(tcflag_t)OPOST;
	if (tcsetattr(child->input, TCSANOW, &mode) < 0 || ioctl(child->input, TIOCSWINSZ, &size) < 0) return false;
	child->out = fcntl(child->input, F_DUPFD_CLOEXEC, 0);
	child->err = fcntl(child->input, F_DUPFD_CLOEXEC, 0);
	return child->out >= 0 && child->err >= 0;
}

static bool make_streams(struct process *process, struct child_ends *child, struct spawn_options options) {
	if (!(options.terminal ? make_terminal : make_pipes)(process, child)) return false;
	if (options.log && !make_pipe(&process->streams[LOG].fd, &process->log_writer)) return false;
	int ours[] = {process->input, process->streams[OUT].fd, process->streams[ERR].fd, process->streams[LOG].fd};
	for (size_t i = 0; i < sizeof ours / sizeof *ours; i++) fcntl(ours[i], F_SETFL, O_NONBLOCK);
	return true;
}

static void close_ends(const struct child_ends *child) {
	int ends[] = {child->input, child->out, child->err};
	for (size_t i = 0; i < sizeof ends / sizeof *ends; i++)
		if (ends[i] >= 0) close(ends[i]);
}

/** What a process runs: a program, or code of the agent if `argv` is NULL. */
struct code {
	char **argv;
	void (*run)(void);
};

static void run_child(const struct code *code, const struct child_ends *ends, int status, pid_t agent) {
	child_prepare(agent);
	dup2(ends->input, STDIN_FILENO);
	dup2(ends->out, STDOUT_FILENO);
	dup2(ends->err, STDERR_FILENO);
	if (!code->argv) {
		close_descriptors(STDERR_FILENO + 1, UINT_MAX);
		code->run();
		_exit(0);
	}
	if (isatty(STDIN_FILENO)) ioctl(STDIN_FILENO, TIOCSCTTY, 0);
	execvp(code->argv[0], code->argv);
	int error = errno;
	if (write(status, &error, sizeof error) < 0) _exit(126);
	_exit(127);
}

/** Forks and waits for the exec. Returns 0, or the errno of the call that failed. */
static int start(struct process *process, const struct code *code, const struct child_ends *ends) {
	int reader, writer;
	if (!make_pipe(&reader, &writer)) return errno;
	pid_t agent = getpid();
	process->pid = fork();
	if (process->pid == 0) run_child(code, ends, writer, agent);
	int error = process->pid < 0 ? errno : 0;
	close(writer);
	if (process->pid > 0 && read(reader, &error, sizeof error) == sizeof error) waitpid(process->pid, NULL, 0);
	close(reader);
	return error;
}

static char **make_argv(const struct word *words, size_t count, const char *log) {
	char **argv = allocate((count + 1) * sizeof *argv);
	for (size_t i = 0; i < count; i++)
		argv[i] = log && strcmp(words[i].bytes, "@log") == 0 ? (char *)log : words[i].bytes;
	return argv;
}

/** Starts a process whose streams were made, and answers request `id`. `error` is that of making them. */
static void start_and_answer(struct process *process, const struct code *code, struct child_ends *ends, int error) {
	uint64_t id = process->id;
	if (!error) error = start(process, code, ends);
	close_ends(ends);
	if (!error) {
		harness_send(id, "ok %d", process->pid);
		return;
	}
	char text[256];
	snprintf(text, sizeof text, "%s: %s", code->argv ? code->argv[0] : "fork", strerror(error));
	process_discard(process);
	harness_send_error(id, error, text);
}

void spawn(uint64_t id, struct spawn_options options, const struct word *words, size_t count) {
	struct process *process = process_add(id);
	struct child_ends ends = {-1, -1, -1};
	int error = make_streams(process, &ends, options) ? 0 : errno;
	char log[64];
	snprintf(log, sizeof log, "/proc/%d/fd/%d", getpid(), process->log_writer);
	struct code code = {.argv = make_argv(words, count, options.log ? log : NULL)};
	start_and_answer(process, &code, &ends, error);
	free(code.argv);
}

void spawn_function(uint64_t id, void (*run)(void)) {
	struct process *process = process_add(id);
	struct child_ends ends = {-1, -1, -1};
	int error = make_streams(process, &ends, (struct spawn_options){0}) ? 0 : errno;
	start_and_answer(process, &(struct code){.run = run}, &ends, error);
}
