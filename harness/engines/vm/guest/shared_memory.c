#define _GNU_SOURCE 1

#include "shared_memory.h"
#include "die.h"
#include "pci.h"
#include "watchdog.h"

#include <time.h>

/** The ivshmem-plain device (docs/specs/ivshmem-spec in QEMU). The memory is its third region. */
static const char *VENDOR = "0x1af4", *DEVICE = "0x1110";
#define REGION 2

/**
 * QEMU pauses the guest while all its processes sleep. An idle clock jumps to the same time with or without a pause, so
 * nothing in the guest can notice it. Turns start on a grid of this period, so that small differences between two runs
 * do not accumulate.
 */
#define GRID_NS 1000000

static volatile struct shared_memory *shared;

volatile struct shared_memory *shared_memory_open(void) {
	shared = pci_region(pci_device(VENDOR, DEVICE), REGION, SHARED_MEMORY_SIZE);
	watchdog_open();
	return shared;
}

uint8_t *shared_memory_to_guest(void) {
	return (uint8_t *)shared + SHARED_MEMORY_TO_GUEST;
}

uint8_t *shared_memory_from_guest(void) {
	return (uint8_t *)shared + SHARED_MEMORY_FROM_GUEST;
}

static uint64_t nanoseconds(clockid_t clock) {
	struct timespec now;
	clock_gettime(clock, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

void shared_memory_pause(void) {
	shared->now = nanoseconds(CLOCK_REALTIME);
	uint64_t next = (nanoseconds(CLOCK_MONOTONIC) / GRID_NS + 2) * GRID_NS;
	struct timespec time = {.tv_sec = next / 1000000000, .tv_nsec = next % 1000000000};
	shared->resumed = 0;
	__sync_synchronize();
	watchdog_start();
	clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &time, NULL);
	/* On a busy machine QEMU's threads may be late to pause the guest. */
	while (!shared->resumed) clock_nanosleep(CLOCK_MONOTONIC, 0, &(struct timespec){.tv_nsec = GRID_NS}, NULL);
	__sync_synchronize();
}
