#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buffer;

/** A decoded word. It may contain any byte and is followed by a NUL. */
struct word {
	char *bytes;
	size_t length;
};

struct words {
	struct word *word;
	size_t count;
};

/**
 * Splits a line (without its newline) at spaces and decodes each word in place. The caller frees `words->word`. Returns
 * what is wrong with the line, or NULL.
 */
const char *split_line(char *line, size_t length, struct words *words);

/** Parses a decimal number without sign or leading zero, at most `limit`. */
bool parse_number(const struct word *word, uint64_t limit, uint64_t *number);

/** Parses a decimal number that may be negative and fits into an int. */
bool parse_int(const struct word *word, int *number);

/** Returns the number at the beginning of a line, or 0. */
uint64_t leading_id(const char *line, size_t length);

/** Whether a word is a C string, without a NUL in it. */
bool is_text(const struct word *word);

/** Appends bytes as one word. */
void append_word(struct buffer *buffer, const void *bytes, size_t length);
