#include "give_up.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/reboot.h>

void give_up(const char *what) {
	perror(what);
	reboot(RB_AUTOBOOT);
	exit(1);
}
