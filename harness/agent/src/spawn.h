#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "framing.h"

struct spawn_options {
	/** Adds a stream, which the program opens by its path. */
	bool log;
	/** Uses a terminal instead of pipes. */
	bool terminal;
};

/** Starts a program with pipes or a terminal as its standard streams, and answers request `id`. */
void spawn(uint64_t id, struct spawn_options options, const struct word *argv, size_t argc);
/** Runs a function of the agent in a process of its own, with pipes, and answers request `id`. */
void spawn_function(uint64_t id, void (*run)(void));
