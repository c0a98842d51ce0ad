#pragma once

/** What the agent waits for, collected anew for each turn of its loop. */

typedef void (*ready_function)(void *subject);

/**
 * Calls `ready(subject)` in this turn if one of `events` (or an error or hang-up) is seen on `fd`. Subjects must
 * outlive the turn.
 */
void watch(int fd, short events, ready_function ready, void *subject);
/** The turn ends at this time of CLOCK_MONOTONIC in microseconds, if nothing else happens before. */
void watch_clock(long long microseconds);
/** Waits, and calls. */
void loop_turn(void);

long long monotonic_microseconds(void);
