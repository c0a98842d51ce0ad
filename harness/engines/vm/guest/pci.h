#pragma once

#include <stddef.h>

/**
 * A device on the guest's PCI bus, by vendor and device as sysfs writes them (`0x1af4`). Ends the guest where there is
 * none.
 */
const char *pci_device(const char *vendor, const char *device);
/** Maps a region of its memory. */
volatile void *pci_region(const char *device, int region, size_t size);
/** Its configuration space, as a file. */
int pci_configuration(const char *device);
