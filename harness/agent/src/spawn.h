#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "wire.h"

/** Starts a program with pipes on its standard streams, and answers request `id`. */
void spawn(uint64_t id, bool with_log, const struct word *argv, size_t argc);
