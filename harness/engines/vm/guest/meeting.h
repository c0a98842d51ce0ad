#pragma once

/**
 * The memory in which harness and guest meet: a PCI device of the guest's (ivshmem), a file to the harness. It is one's or the other's, never
 * both's: the harness writes while the guest is paused. Its TypeScript side is ../meeting.ts.
 */

#include <stdint.h>

#define MEETING_SIZE (2 << 20)
#define MEETING_TO_GUEST 4096
#define MEETING_FROM_GUEST (1 << 20)
#define MEETING_TO_GUEST_SIZE (MEETING_FROM_GUEST - MEETING_TO_GUEST)
#define MEETING_FROM_GUEST_SIZE (MEETING_SIZE - MEETING_FROM_GUEST)

struct meeting {
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
	uint32_t renew;
	/** Other than 0: the harness has had its turn. */
	uint32_t given;
};

/** Maps it; ends the guest where there is none. */
volatile struct meeting *meeting_open(void);
uint8_t *meeting_to_guest(void);
uint8_t *meeting_from_guest(void);
/** Gives the memory to the harness, and passes when it is ours again: the guest is paused meanwhile, and no time passes. */
void meeting_pause(void);
