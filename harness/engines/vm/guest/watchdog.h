#pragma once

/** Finds the watchdog device. */
void watchdog_open(void);
/** Starts the timer. It expires late enough for this process, and the processor with it, to be asleep. */
void watchdog_start(void);
