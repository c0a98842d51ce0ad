#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "wire.h"

struct spawn_options {
	/** One more stream, to be opened by a path. */
	bool log;
	/** One terminal instead of pipes. */
	bool terminal;
};

/** Starts a program with pipes, or a terminal, on its standard streams, and answers request `id`. */
void spawn(uint64_t id, struct spawn_options options, const struct word *argv, size_t argc);
