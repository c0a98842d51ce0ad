#pragma once

#include <stdint.h>

/** Makes the kernel's random numbers depend on this from now on: a snapshot freezes them. */
void random_seed(uint64_t seed);
