#include "random.h"
#include "die.h"

#include <fcntl.h>
#include <linux/random.h>
#include <sys/ioctl.h>
#include <unistd.h>

void random_seed(uint64_t seed) {
	int device = open("/dev/urandom", O_RDWR | O_CLOEXEC);
	/*
	 * Written data is only mixed in. The generator must be reseeded before it has an effect (random(4), RNDRESEEDCRNG).
	 */
	if (device < 0 || write(device, &seed, sizeof seed) != sizeof seed) die("/dev/urandom");
	if (ioctl(device, RNDRESEEDCRNG) != 0) die("/dev/urandom");
	close(device);
}
