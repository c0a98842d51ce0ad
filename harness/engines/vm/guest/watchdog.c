#define _GNU_SOURCE 1

#include "watchdog.h"
#include "die.h"
#include "pci.h"

#include <stdint.h>
#include <unistd.h>

/**
 * Intel’s 6300ESB (datasheet 300641, section 16): a timer of two stages. When it expires QEMU pauses the guest, as its
 * command line says.
 */
static const char *VENDOR = "0x8086", *DEVICE = "0x25ab";

/** Its registers, in configuration space and in memory. */
#define CONFIGURATION 0x60
#define CONFIGURATION_MHZ_NO_INTERRUPT (1 << 2 | 3)
#define LOCK 0x68
#define LOCK_ENABLE (1 << 1)
#define FIRST_STAGE 0x0
#define SECOND_STAGE 0x4
#define RELOAD 0xc

/** The length of each of the two stages, in units of 32 ticks at 33 MHz (about a microsecond). */
#define STAGE 100

static volatile uint8_t *registers;
static int configuration;

void watchdog_open(void) {
	const char *device = pci_device(VENDOR, DEVICE);
	registers = pci_region(device, 0, 4096);
	configuration = pci_configuration(device);
}

/** A register accepts a value only after these two words. */
static void preload(int stage) {
	*(volatile uint16_t *)(registers + RELOAD) = 0x80;
	*(volatile uint16_t *)(registers + RELOAD) = 0x86;
	*(volatile uint32_t *)(registers + stage) = STAGE;
}

void watchdog_start(void) {
	uint16_t settings = CONFIGURATION_MHZ_NO_INTERRUPT;
	uint8_t enable = LOCK_ENABLE;
	/* The device loses its settings when it expires. */
	if (pwrite(configuration, &settings, sizeof settings, CONFIGURATION) < 0) die("the watchdog’s configuration");
	preload(FIRST_STAGE);
	preload(SECOND_STAGE);
	if (pwrite(configuration, &enable, sizeof enable, LOCK) < 0) die("the watchdog’s lock");
}
