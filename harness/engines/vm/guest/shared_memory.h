#pragma once

/**
 * The memory that harness and guest share: a PCI device of the guest's (ivshmem), a file to the harness. It is one's or
 * the other's, never both's: the harness writes while the guest is paused. Its TypeScript side is ../shared-memory.ts.
 */

#include <stdint.h>

#define SHARED_MEMORY_SIZE (2 << 20)
#define SHARED_MEMORY_TO_GUEST 4096
#define SHARED_MEMORY_FROM_GUEST (1 << 20)
#define SHARED_MEMORY_TO_GUEST_SIZE (SHARED_MEMORY_FROM_GUEST - SHARED_MEMORY_TO_GUEST)
#define SHARED_MEMORY_FROM_GUEST_SIZE (SHARED_MEMORY_SIZE - SHARED_MEMORY_FROM_GUEST)

struct shared_memory {
	/** When the guest paused, in nanoseconds since the epoch (CLOCK_REALTIME). */
	uint64_t now;
	/** The guest is to pause then at the latest, on the same clock. */
	uint64_t deadline;
	/** Bytes for the agent, and bytes from it. */
	uint32_t to_guest;
	uint32_t from_guest;
	/** Other than 0: what random numbers are made of from now on. */
	uint64_t seed;
	/** Other than 0: the agent ends, and another is started. */
	uint32_t restart;
	/** Other than 0: the harness has had its turn. */
	uint32_t given;
};

/** Maps it; ends the guest where there is none. */
volatile struct shared_memory *shared_memory_open(void);
uint8_t *shared_memory_to_guest(void);
uint8_t *shared_memory_from_guest(void);
/**
 * Gives the memory to the harness, and passes when it is ours again: the guest is paused meanwhile, and no time passes.
 */
void shared_memory_pause(void);
