#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buffer.h"

/** Messages to the harness. They are queued, written when the pipe has room, and never dropped. */

void harness_open(int fd);

/** Sends `<t> <id> <rest>` and a newline. The words of `format` must not need encoding. */
void harness_send(uint64_t id, const char *format, ...) __attribute__((format(printf, 2, 3)));
/** Sends `<t> <id> error <errno name> <text>`. */
void harness_send_error(uint64_t id, int error, const char *text);
/** Sends `<t> <id> <stream> <n>` and the bytes. */
void harness_send_bytes(uint64_t id, const char *stream, const void *bytes, size_t length);
/** Sends `<t> ` and a line that a controlled process wrote. */
void harness_send_line(const char *line, size_t length);

/** Whether the queue is so long that no more should be read from processes. */
bool harness_is_behind(void);
bool harness_has_backlog(void);
/** Writes what can be written without blocking. Returns false if the harness is gone. */
bool harness_flush(void);
