#pragma once

#include <stdbool.h>
#include <stdint.h>

/** Sleeps that the harness requested. Each is answered when its time has passed. */

#define LONGEST_SLEEP 1000000000000000ull

void sleep_start(uint64_t id, uint64_t microseconds);
/** Returns false if there is no such sleep. */
bool sleep_cancel(uint64_t id);
bool sleep_exists(uint64_t id);
void sleeps_watch(void);
void sleeps_answer(void);
