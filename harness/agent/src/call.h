#pragma once

#include <time.h>

#include "buffer.h"
#include "framing.h"

/** One call of a controlled process: its arguments and its result. */
struct call {
	const struct word *arguments;
	size_t count;
	struct timespec start, entered, left;
	long result;
	int error;
	/**
	 * Addresses of the socket of the call, or of the socket that it returned, as words with a space before each. Empty
	 * until they are known.
	 */
	struct buffer addresses;
	/** Words besides the result, with a space before each. */
	struct buffer values;
};

/** Makes the call. Returns what is wrong with its arguments, or NULL. */
typedef const char *(*call_function)(struct call *call);

struct call_entry {
	const char *name;
	size_t least, most;
	call_function make;
};

/** Finds a socket call by name. Returns NULL if there is none. */
const struct call_entry *call_named(const char *name);

void call_enter(struct call *call);
void call_leave(struct call *call);

/** Evaluates one system call and takes the time immediately before and after it. */
#define MEASURED(call, expression) (call_enter(call), (call)->result = (expression), call_leave(call))

/**
 * Asks the kernel for both addresses of a socket. These calls are in addition to the requested one and change nothing.
 */
void call_ask_addresses(struct call *call, int fd);

const char *call_setsockopt(struct call *call);
const char *call_getsockopt(struct call *call);
const char *call_tcpinfo(struct call *call);
