#pragma once

#include <stdbool.h>
#include <stddef.h>

struct buffer;

/** A kernel constant and its name. */
struct name {
	const char *name;
	int value;
};

/** Returns the name of an errno: `ECONNRESET` for 104. Returns NULL for an unknown number. */
const char *errno_name(int number);

/** Returns the number of `SIGINT` or `SIG34`, and 0 for any other text. */
int signal_number(const char *name);
void append_signal_name(struct buffer *buffer, int number);

/**
 * Parses MSG_ flags of send and recv, or events of poll: `-` or a comma-separated list, which is modified. Returns
 * false on an unknown name.
 */
bool parse_message_flags(char *list, int *flags);
bool parse_poll_events(char *list, int *events);
void append_poll_events(struct buffer *buffer, int events);
