#pragma once

/**
 * Says what failed, with errno, on the console, and switches the guest off: QEMU ends, and the harness quotes the
 * console.
 */
_Noreturn void give_up(const char *what);
