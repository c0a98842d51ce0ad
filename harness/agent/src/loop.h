#pragma once

/** The agent's event loop. Each turn starts with an empty set of descriptors. */

typedef void (*ready_function)(void *subject);

/**
 * Calls `ready(subject)` in this turn if one of `events` (or an error or hang-up) occurs on `fd`. The subject must
 * outlive the turn.
 */
void watch(int fd, short events, ready_function ready, void *subject);
/** Ends the turn at this time of CLOCK_MONOTONIC, in microseconds, if no event occurs before. */
void watch_clock(long long microseconds);
/** Waits for events and calls the functions. */
void loop_turn(void);

long long monotonic_microseconds(void);
