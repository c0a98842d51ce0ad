#pragma once

/** Prints what failed and errno on the console, and reboots. QEMU then ends, and the harness quotes the console. */
_Noreturn void die(const char *what);
