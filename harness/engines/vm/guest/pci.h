#pragma once

#include <stddef.h>

/** Finds a PCI device by vendor and device id as in sysfs (`0x1af4`). Ends the guest if there is none. */
const char *pci_device(const char *vendor, const char *device);
/** Maps a memory region of the device. */
volatile void *pci_region(const char *device, int region, size_t size);
/** Opens the device's configuration space as a file. */
int pci_configuration(const char *device);
