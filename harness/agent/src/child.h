#pragma once

#include <sys/types.h>

/** The first steps of a forked child. */

/** Starts a session, resets signal dispositions and mask, and lets the kernel kill this process when `agent` dies. */
void child_prepare(pid_t agent);

/** Closes every descriptor from `first` to `last`. */
void close_descriptors(unsigned first, unsigned last);
