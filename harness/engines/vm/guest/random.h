#pragma once

#include <stdint.h>

/** Reseeds the kernel's random number generator. Without this its state is that of the snapshot. */
void random_seed(uint64_t seed);
