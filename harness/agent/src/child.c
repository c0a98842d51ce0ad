#define _GNU_SOURCE 1

#include "child.h"

#include <dirent.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef SYS_close_range
#define SYS_close_range 436
#endif

void child_prepare(pid_t agent) {
	setsid();
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	/* The agent may have died before the line above. */
	if (getppid() != agent) _exit(127);
	struct sigaction standard = {.sa_handler = SIG_DFL};
	for (int number = 1; number < NSIG; number++) sigaction(number, &standard, NULL);
	sigset_t none;
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

void close_descriptors(unsigned first, unsigned last) {
	if (first > last || syscall(SYS_close_range, first, last, 0) == 0) return;
	/* Before Linux 5.9, and under seccomp filters that do not know the call. */
	DIR *open = opendir("/proc/self/fd");
	if (!open) return;
	unsigned char found[4096] = {0};
	for (struct dirent *entry; (entry = readdir(open));) {
		unsigned fd = (unsigned)atoi(entry->d_name);
		if (entry->d_name[0] != '.' && fd >= first && fd <= last && fd < sizeof found) found[fd] = 1;
	}
	closedir(open);
	for (unsigned fd = 0; fd < sizeof found; fd++)
		if (found[fd]) close((int)fd);
}
