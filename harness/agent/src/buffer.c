#include "buffer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void die(const char *what) {
	perror(what);
	exit(70);
}

void *allocate(size_t size) {
	void *memory = calloc(1, size ? size : 1);
	if (!memory) die("agent: calloc");
	return memory;
}

void *duplicate(const void *bytes, size_t length) {
	char *copy = allocate(length + 1);
	if (length) memcpy(copy, bytes, length);
	return copy;
}

char *buffer_bytes(const struct buffer *buffer) {
	return buffer->memory + buffer->start;
}

static void make_room(struct buffer *buffer, size_t length) {
	if (buffer->start + buffer->length + length <= buffer->capacity) return;
	if (buffer->start > 0) {
		memmove(buffer->memory, buffer->memory + buffer->start, buffer->length);
		buffer->start = 0;
	}
	size_t capacity = buffer->capacity ? buffer->capacity : 4096;
	/* Twice as much as needed, so that the move above stays rare. */
	while (capacity < 2 * (buffer->length + length)) capacity *= 2;
	if (capacity == buffer->capacity) return;
	buffer->memory = realloc(buffer->memory, capacity);
	if (!buffer->memory) die("agent: realloc");
	buffer->capacity = capacity;
}

void buffer_append(struct buffer *buffer, const void *bytes, size_t length) {
	if (length == 0) return;
	make_room(buffer, length);
	memcpy(buffer->memory + buffer->start + buffer->length, bytes, length);
	buffer->length += length;
}

void buffer_vprintf(struct buffer *buffer, const char *format, va_list arguments) {
	va_list again;
	va_copy(again, arguments);
	int length = vsnprintf(NULL, 0, format, arguments);
	if (length < 0) die("agent: vsnprintf");
	make_room(buffer, (size_t)length + 1);
	vsnprintf(buffer->memory + buffer->start + buffer->length, (size_t)length + 1, format, again);
	buffer->length += (size_t)length;
	va_end(again);
}

void buffer_printf(struct buffer *buffer, const char *format, ...) {
	va_list arguments;
	va_start(arguments, format);
	buffer_vprintf(buffer, format, arguments);
	va_end(arguments);
}

void buffer_consume(struct buffer *buffer, size_t length) {
	buffer->start += length;
	buffer->length -= length;
	if (buffer->length > 0) return;
	buffer->start = 0;
	if (buffer->capacity > (1 << 20)) buffer_free(buffer);
}

void buffer_free(struct buffer *buffer) {
	free(buffer->memory);
	*buffer = (struct buffer){0};
}
