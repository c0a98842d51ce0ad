#pragma once

#include <time.h>

#include "buffer.h"
#include "wire.h"

/** One call of a puppet: its arguments, and what became of it. */
struct call {
	const struct word *arguments;
	size_t count;
	struct timespec start, entered, left;
	long result;
	int error;
	/**
	 * Addresses of the socket that the call was made on or that it made, as words with a space before each; empty where
	 * nobody has said.
	 */
	struct buffer ends;
	/** Words besides the result, each with a space before it. */
	struct buffer values;
};

/** Makes the call; returns what is wrong with its arguments, or NULL. */
typedef const char *(*call_function)(struct call *call);

struct call_entry {
	const char *name;
	size_t least, most;
	call_function make;
};

/** The calls a puppet knows, by name; NULL for any other. */
const struct call_entry *call_named(const char *name);

void call_enter(struct call *call);
void call_leave(struct call *call);

/** Evaluates one system call and takes the time on both sides of it, with nothing between. */
#define MEASURED(call, expression) (call_enter(call), (call)->result = (expression), call_leave(call))

/** Asks the kernel for the two ends of a socket, beside the calls that are asked for: it changes nothing. */
void call_tell_ends(struct call *call, int fd);

const char *call_setsockopt(struct call *call);
const char *call_getsockopt(struct call *call);
const char *call_tcpinfo(struct call *call);
