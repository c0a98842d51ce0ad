#define _GNU_SOURCE 1

#include "prepare.h"
#include "die.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/** The folder of modules in the initramfs. Its file `order` has their names in the order of insertion. */
#define MODULES "/modules"

static void mount_at(const char *type, const char *place) {
	mkdir(place, 0755);
	/* A kernel may have mounted /dev already. */
	if (mount(type, place, type, 0, NULL) != 0 && errno != EBUSY) die(place);
}

static void insert(const char *name) {
	char path[512];
	snprintf(path, sizeof path, MODULES "/%s", name);
	int module = open(path, O_RDONLY | O_CLOEXEC);
	if (module < 0 || (syscall(SYS_finit_module, module, "", 0) != 0 && errno != EEXIST)) die(path);
	close(module);
}

static void insert_modules(void) {
	FILE *order = fopen(MODULES "/order", "r");
	if (!order) die(MODULES "/order");
	for (char line[256]; fgets(line, sizeof line, order);) {
		line[strcspn(line, "\n")] = '\0';
		if (*line) insert(line);
	}
	fclose(order);
}

static void open_console(void) {
	int console = open("/dev/console", O_RDWR);
	for (int fd = 0; fd <= STDERR_FILENO; fd++) dup2(console, fd);
	if (console > STDERR_FILENO) close(console);
}

void prepare(void) {
	mount_at("devtmpfs", "/dev");
	open_console();
	/* Without devpts(5) /dev/ptmx cannot be opened. */
	mount_at("devpts", "/dev/pts");
	mount_at("proc", "/proc");
	mount_at("sysfs", "/sys");
	mount_at("tmpfs", "/run");
	mount_at("tmpfs", "/tmp");
	/* The kernel may have no tracefs. The harness reports that. */
	mount("tracefs", "/sys/kernel/tracing", "tracefs", 0, NULL);
	insert_modules();
	/* The same folders as in initramfs.ts. */
	setenv("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", 1);
	setenv("HOME", "/root", 1);
	setenv("LANG", "C.UTF-8", 1);
}
