#pragma once

#include <sys/types.h>

/** What a forked child does first. */

/** A session of its own, default signal dispositions, an empty mask, and death when `agent` dies. */
void child_become_own(pid_t agent);

/** Closes every descriptor from `first` to `last`. */
void close_descriptors(unsigned first, unsigned last);
