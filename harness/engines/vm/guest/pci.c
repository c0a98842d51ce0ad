#define _GNU_SOURCE 1

#include "pci.h"
#include "die.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define DEVICES "/sys/bus/pci/devices"

static bool file_begins_with(const char *device, const char *file, const char *wanted) {
	char path[512], text[32] = "";
	snprintf(path, sizeof path, DEVICES "/%s/%s", device, file);
	FILE *opened = fopen(path, "r");
	if (!opened) return false;
	bool read = fgets(text, sizeof text, opened) != NULL;
	fclose(opened);
	return read && strncmp(text, wanted, strlen(wanted)) == 0;
}

const char *pci_device(const char *vendor, const char *device) {
	DIR *devices = opendir(DEVICES);
	if (!devices) die(DEVICES);
	const char *found = NULL;
	for (struct dirent *entry; !found && (entry = readdir(devices));)
		if (file_begins_with(entry->d_name, "vendor", vendor) && file_begins_with(entry->d_name, "device", device))
			found = strdup(entry->d_name);
	closedir(devices);
	if (!found) die(device);
	return found;
}

static int open_file(const char *device, const char *name) {
	char path[512];
	snprintf(path, sizeof path, DEVICES "/%s/%s", device, name);
	int file = open(path, O_RDWR | O_SYNC | O_CLOEXEC);
	if (file < 0) die(path);
	return file;
}

volatile void *pci_region(const char *device, int region, size_t size) {
	char name[32];
	snprintf(name, sizeof name, "resource%d", region);
	int file = open_file(device, name);
	volatile void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
	if (memory == MAP_FAILED) die(name);
	close(file);
	return memory;
}

int pci_configuration(const char *device) {
	return open_file(device, "config");
}
