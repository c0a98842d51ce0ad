#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buffer;

/** One decoded word: may hold any byte, and a NUL follows it. */
struct word {
	char *bytes;
	size_t length;
};

struct words {
	struct word *word;
	size_t count;
};

/**
 * Splits a line (without its newline) at its spaces and decodes each word in place; `words->word` is to be freed.
 * Returns what is wrong with the line, or NULL.
 */
const char *split_line(char *line, size_t length, struct words *words);

/** A decimal number without sign or leading zero, at most `limit`. */
bool parse_number(const struct word *word, uint64_t limit, uint64_t *number);

/** A decimal number that may be negative and fits an int. */
bool parse_int(const struct word *word, int *number);

/** The number with which a line begins, or 0. */
uint64_t leading_id(const char *line, size_t length);

/** Whether a word is a C string: no NUL in it. */
bool is_text(const struct word *word);

/** Appends bytes as one word. */
void append_word(struct buffer *buffer, const void *bytes, size_t length);
