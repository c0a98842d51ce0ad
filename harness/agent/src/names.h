#pragma once

#include <stdbool.h>
#include <stddef.h>

struct buffer;

/** A number of the kernel's and its name. */
struct name {
	const char *name;
	int value;
};

/** `ECONNRESET` for 104; NULL where the number has no name here. */
const char *errno_name(int number);

/** The number of `SIGINT` or `SIG34`; 0 where it is none. */
int signal_number(const char *name);
void append_signal_name(struct buffer *buffer, int number);

/**
 * MSG_ flags of send and recv, and events of poll: `-` or a comma list. False on an unknown name; `list` is changed.
 */
bool parse_message_flags(char *list, int *flags);
bool parse_poll_events(char *list, int *events);
void append_poll_events(struct buffer *buffer, int events);
