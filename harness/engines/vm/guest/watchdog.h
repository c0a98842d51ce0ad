#pragma once

/** Finds the device that stops the guest's clock. */
void watchdog_open(void);
/** QEMU pauses the guest in a moment: late enough for this process to be asleep, and the processor with it. */
void watchdog_start(void);
