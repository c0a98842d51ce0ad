#pragma once

#include <stdint.h>

/** Reseeds the kernel's random numbers. Without it they are those of the snapshot. */
void random_seed(uint64_t seed);
