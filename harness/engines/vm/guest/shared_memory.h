#pragma once

/**
 * The memory that harness and guest share: a PCI device in the guest (ivshmem), a file for the harness. The harness
 * uses it only while the guest is paused. The TypeScript side is ../shared-memory.ts.
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
	/** The guest pauses at this time at the latest, on the same clock. */
	uint64_t deadline;
	/** Number of bytes to the agent, and of bytes from it. */
	uint32_t to_guest;
	uint32_t from_guest;
	/** Reseeds the random numbers unless it is 0. */
	uint64_t seed;
	/** Whether the agent is replaced by a new one. */
	uint32_t restart;
	/** Set by the harness when its turn is over. */
	uint32_t resumed;
};

/** Maps the memory. Ends the guest if the device is missing. */
volatile struct shared_memory *shared_memory_open(void);
uint8_t *shared_memory_to_guest(void);
uint8_t *shared_memory_from_guest(void);
/**
 * Passes the memory to the harness, and returns when the harness's turn is over. Until then the guest is paused, and
 * its clock stands still.
 */
void shared_memory_pause(void);
