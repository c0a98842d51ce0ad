#include "kill_all.h"
#include "loop.h"
#include "process.h"

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/** The time limit. Processes that have not died by then are frozen or in an uninterruptible call, and are left. */
#define LIMIT_MICROSECONDS 3000000

static pid_t parent_of(const char *pid) {
	char path[64], stat[512] = "";
	snprintf(path, sizeof path, "/proc/%.20s/stat", pid);
	FILE *file = fopen(path, "re");
	if (!file) return -1;
	size_t length = fread(stat, 1, sizeof stat - 1, file);
	fclose(file);
	stat[length] = '\0';
	int parent = -1;
	/* The name in parentheses may contain any character, so the fields are counted from its end. */
	char *name_end = strrchr(stat, ')');
	if (name_end) sscanf(name_end + 1, " %*c %d", &parent);
	return parent;
}

/** Kills all children. Orphaned descendants become children of the agent, because it is a subreaper. */
static void kill_children(void) {
	DIR *proc = opendir("/proc");
	if (!proc) return;
	for (struct dirent *entry; (entry = readdir(proc));)
		if (entry->d_name[0] >= '1' && entry->d_name[0] <= '9' && parent_of(entry->d_name) == getpid())
			kill(atoi(entry->d_name), SIGKILL);
	closedir(proc);
}

void kill_all(void) {
	for (struct process *process = processes; process; process = process->next) {
		if (process->reaped) continue;
		kill(-process->pid, SIGKILL);
		kill(process->pid, SIGKILL);
	}
	if (getpid() == 1) kill(-1, SIGKILL);
	long long end = monotonic_microseconds() + LIMIT_MICROSECONDS;
	for (struct timespec pause = {.tv_nsec = 1000000}; monotonic_microseconds() < end; nanosleep(&pause, NULL)) {
		kill_children();
		pid_t reaped;
		while ((reaped = waitpid(-1, NULL, WNOHANG)) > 0) continue;
		if (reaped < 0 && errno == ECHILD) return;
	}
}
