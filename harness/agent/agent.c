/* The agent inside a host. It starts processes, makes socket calls and returns the time (PROTOCOL.md). */

#include "src/child.h"
#include "src/kill_all.h"
#include "src/harness.h"
#include "src/loop.h"
#include "src/process.h"
#include "src/requests.h"
#include "src/sleeps.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/utsname.h>
#include <unistd.h>

#define PROTOCOL_VERSION 3

static int signals = -1;
static bool ending;

/** Signals are read from a descriptor, so that they do not interrupt system calls. */
static void signals_open(void) {
	sigset_t handled;
	sigemptyset(&handled);
	sigaddset(&handled, SIGCHLD);
	sigaddset(&handled, SIGTERM);
	sigprocmask(SIG_SETMASK, &handled, NULL);
	signals = signalfd(-1, &handled, SFD_CLOEXEC | SFD_NONBLOCK);
	if (signals < 0) die("agent: signalfd");
	/*
	 * The loss of the harness is noticed as the end of input. Ctrl-C at a terminal also reaches the agent, but the
	 * harness may still need it to clean up.
	 */
	int ignored[] = {SIGPIPE, SIGINT, SIGHUP};
	for (size_t i = 0; i < sizeof ignored / sizeof *ignored; i++) signal(ignored[i], SIG_IGN);
	signal(SIGCHLD, SIG_DFL);
}

static void signals_ready(void *subject) {
	(void)subject;
	struct signalfd_siginfo info;
	while (read(signals, &info, sizeof info) == sizeof info) ending = ending || info.ssi_signo == SIGTERM;
	processes_reap();
}

static void input_ready(void *subject) {
	(void)subject;
	static char bytes[1 << 16];
	ssize_t length = read(STDIN_FILENO, bytes, sizeof bytes);
	if (length > 0) requests_receive(bytes, (size_t)length);
	else if (length == 0 || (errno != EAGAIN && errno != EINTR)) ending = true;
}

static void output_ready(void *subject) {
	(void)subject;
	/* An event that was not requested means that the reader is gone. */
	if (!harness_has_backlog() || !harness_flush()) ending = true;
}

static void prepare(void) {
	/* Descriptors 0 to 2 are open, whatever was inherited, and no others. */
	while (open("/dev/null", O_RDWR) <= STDERR_FILENO) continue;
	close_descriptors(STDERR_FILENO + 1, UINT_MAX);
	/* A machine's first process may have no environment at all. */
	setenv("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", 0);
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	signals_open();
	harness_open(STDOUT_FILENO);
}

int main(void) {
	prepare();
	struct utsname system;
	uname(&system);
	harness_send(0, "hello %d %d %s", PROTOCOL_VERSION, getpid(), system.release);
	while (!ending) {
		processes_sweep();
		/* Events are handled in this order, so the end of a process is reported before new requests are read. */
		watch(signals, POLLIN, signals_ready, NULL);
		watch(STDIN_FILENO, POLLIN, input_ready, NULL);
		watch(STDOUT_FILENO, harness_has_backlog() ? POLLOUT : 0, output_ready, NULL);
		processes_watch();
		sleeps_watch();
		loop_turn();
		sleeps_answer();
		if (!harness_flush()) ending = true;
	}
	kill_all();
	return 0;
}
