#pragma once

#include <stdarg.h>
#include <stddef.h>

/** A queue of bytes: appended at its end, consumed at its start. An all-zero struct is an empty queue. */
struct buffer {
	char *memory;
	size_t start;
	size_t length;
	size_t capacity;
};

/** Returns a pointer to the first unconsumed byte. */
char *buffer_bytes(const struct buffer *buffer);
void buffer_append(struct buffer *buffer, const void *bytes, size_t length);
void buffer_printf(struct buffer *buffer, const char *format, ...) __attribute__((format(printf, 2, 3)));
void buffer_vprintf(struct buffer *buffer, const char *format, va_list arguments);
void buffer_consume(struct buffer *buffer, size_t length);
void buffer_free(struct buffer *buffer);

/** Both end the program if there is no memory. */
void *allocate(size_t size);
void *duplicate(const void *bytes, size_t length);
/** Prints what failed and errno, and ends the program. */
void die(const char *what) __attribute__((noreturn));
