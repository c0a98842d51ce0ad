/*
 * Assembles a host's file system, makes it the root and reduces root's privileges. The arguments are the steps. Running
 * mount(8), mkdir(1) and so on for each step took longer than everything else in the start of a lab.
 */
#define _GNU_SOURCE

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

static const struct {
	const char *name;
	unsigned long flag;
} flags[] = {{"ro", MS_RDONLY}, {"nosuid", MS_NOSUID}, {"nodev", MS_NODEV}, {"noexec", MS_NOEXEC}};

/** Returns the flags of a comma-separated list. No name is part of another. */
static unsigned long flags_of(const char *names) {
	unsigned long found = 0;
	for (size_t i = 0; i < sizeof flags / sizeof *flags; i++)
		if (strstr(names, flags[i].name)) found |= flags[i].flag;
	return found;
}

/* A step returns 0, or -1 with errno. */

/** folder PATH MODE: creates a folder, or changes the mode of an existing one. */
static int folder(char **operands) {
	mode_t mode = (mode_t)strtoul(operands[1], NULL, 8);
	/* The umask does not apply to chmod. */
	if (mkdir(operands[0], mode) < 0 && errno != EEXIST) return -1;
	return chmod(operands[0], mode);
}

/** file PATH: creates an empty file, as a target of a bind mount. */
static int file(char **operands) {
	return mknod(operands[0], S_IFREG | 0644, 0);
}

/** link TARGET PATH: creates a symbolic link. */
static int link_to(char **operands) {
	return symlink(operands[0], operands[1]);
}

/** device FROM PATH: creates a copy of the device FROM. */
static int device(char **operands) {
	struct stat found;
	if (stat(operands[0], &found) < 0 || mknod(operands[1], found.st_mode, found.st_rdev) < 0) return -1;
	return chmod(operands[1], found.st_mode & 07777);
}

/** mount TYPE PATH FLAGS OPTIONS: mounts a file system. OPTIONS are those of its type. */
static int mount_at(char **operands) {
	return mount(operands[0], operands[1], operands[0], flags_of(operands[2]), operands[3]);
}

/**
 * bind FROM PATH FLAGS: bind-mounts FROM. FLAGS are added to its own, which an ordinary user may not clear
 * (mount_namespaces(7)).
 */
static int bind_to(char **operands) {
	struct statvfs found;
	if (mount(operands[0], operands[1], NULL, MS_BIND, NULL) < 0) return -1;
	if (*operands[2] == '\0') return 0;
	if (statvfs(operands[1], &found) < 0) return -1;
	unsigned long kept = found.f_flag & (MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC);
	return mount(NULL, operands[1], NULL, MS_REMOUNT | MS_BIND | kept | flags_of(operands[2]), NULL);
}

/** root PATH: makes PATH the root and unmounts the old root (pivot_root(2)). */
static int root(char **operands) {
	if (chdir(operands[0]) < 0 || syscall(SYS_pivot_root, ".", ".") < 0) return -1;
	return umount2(".", MNT_DETACH);
}

/** bound MASK: limits the capability bounding set to MASK, a hexadecimal number as in /proc/PID/status. */
static int bound(char **operands) {
	unsigned long long kept = strtoull(operands[0], NULL, 16);
	for (unsigned long one = 0; prctl(PR_CAPBSET_READ, one) >= 0; one++)
		if (!(kept >> one & 1) && prctl(PR_CAPBSET_DROP, one) < 0) return -1;
	return 0;
}

/** no-new-privs: no program gains privileges by execve (PR_SET_NO_NEW_PRIVS(2const)). */
static int no_new_privs(char **operands) {
	(void)operands;
	return prctl(PR_SET_NO_NEW_PRIVS, 1L, 0L, 0L, 0L);
}

/** run PROGRAM: executes PROGRAM in place of this process. */
static int run(char **operands) {
	return execlp(operands[0], operands[0], (char *)NULL);
}

static const struct step {
	const char *name;
	int operands;
	int (*execute)(char **operands);
} steps[] = {
	{"folder", 2, folder},
	{"file", 1, file},
	{"link", 2, link_to},
	{"device", 2, device},
	{"mount", 4, mount_at},
	{"bind", 3, bind_to},
	{"root", 1, root},
	{"bound", 1, bound},
	{"no-new-privs", 0, no_new_privs},
	{"run", 1, run},
};

static const struct step *step_of(const char *name) {
	for (size_t i = 0; i < sizeof steps / sizeof *steps; i++)
		if (strcmp(name, steps[i].name) == 0) return &steps[i];
	return NULL;
}

static void fail(char **words, char **end) {
	fprintf(stderr, "halfopen-root: %s:", strerror(errno));
	for (; words < end; words++) fprintf(stderr, " %s", *words);
	fputc('\n', stderr);
	exit(1);
}

int main(int count, char **words) {
	char **end = words + count;
	for (char **word = words + 1; word < end;) {
		/* try STEP: ENOENT and EPERM are ignored. */
		bool may_fail = strcmp(*word, "try") == 0 && word + 1 < end;
		const struct step *step = step_of(word[may_fail]);
		char **operands = word + may_fail + 1;
		errno = EINVAL;
		if (!step || end - operands < step->operands) fail(word, end);
		bool failed = step->execute(operands) < 0;
		if (failed && !(may_fail && (errno == ENOENT || errno == EPERM))) fail(word, operands + step->operands);
		word = operands + step->operands;
	}
	return 0;
}
