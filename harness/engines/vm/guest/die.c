#include "die.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/reboot.h>

void die(const char *what) {
	perror(what);
	reboot(RB_AUTOBOOT);
	exit(1);
}
