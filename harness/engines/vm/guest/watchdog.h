#pragma once

/** Finds the watchdog device. */
void watchdog_open(void);
/** Starts the timer. It expires when this process sleeps and the processor is idle. */
void watchdog_start(void);
