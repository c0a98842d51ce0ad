#include "framing.h"
#include "buffer.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

static int hex_digit(char c) {
	if (c >= '0' && c <= '9') return c - '0';
	if (c >= 'A' && c <= 'F') return c - 'A' + 10;
	return -1;
}

static bool is_plain(unsigned char c) {
	return c > 0x20 && c < 0x7f && c != '%';
}

static const char *decode_word(char *bytes, size_t length, struct word *word) {
	*word = (struct word){bytes, 0};
	if (length == 0) return "an empty word";
	if (length == 1 && *bytes == '%') return NULL;
	for (size_t i = 0; i < length; i++) {
		char c = bytes[i];
		if (c == '%') {
			int high = i + 2 < length ? hex_digit(bytes[i + 1]) : -1;
			int low = i + 2 < length ? hex_digit(bytes[i + 2]) : -1;
			if (high < 0 || low < 0) return "a bad percent code";
			c = (char)(high * 16 + low);
			i += 2;
		} else if (!is_plain((unsigned char)c)) {
			return "a byte that must be written as a percent code";
		}
		bytes[word->length++] = c;
	}
	return NULL;
}

const char *split_line(char *line, size_t length, struct words *words) {
	size_t count = 1;
	for (size_t i = 0; i < length; i++) count += line[i] == ' ';
	words->word = allocate(count * sizeof *words->word);
	words->count = count;

	const char *problem = NULL;
	for (size_t w = 0, start = 0; w < count; w++) {
		char *space = memchr(line + start, ' ', length - start);
		size_t end = space ? (size_t)(space - line) : length;
		const char *wrong = decode_word(line + start, end - start, &words->word[w]);
		if (wrong && !problem) problem = wrong;
		words->word[w].bytes[words->word[w].length] = '\0';
		start = end + 1;
	}
	return problem;
}

bool parse_number(const struct word *word, uint64_t limit, uint64_t *number) {
	if (word->length == 0 || word->length > 19 || (word->length > 1 && word->bytes[0] == '0')) return false;
	*number = 0;
	for (size_t i = 0; i < word->length; i++) {
		if (word->bytes[i] < '0' || word->bytes[i] > '9') return false;
		*number = *number * 10 + (uint64_t)(word->bytes[i] - '0');
	}
	return *number <= limit;
}

bool parse_int(const struct word *word, int *number) {
	bool negative = word->length > 1 && word->bytes[0] == '-';
	struct word digits = {word->bytes + negative, word->length - negative};
	uint64_t value;
	if (!parse_number(&digits, INT_MAX, &value)) return false;
	*number = negative ? -(int)value : (int)value;
	return true;
}

uint64_t leading_id(const char *line, size_t length) {
	size_t digits = 0;
	while (digits < length && line[digits] >= '0' && line[digits] <= '9') digits++;
	if (digits < length && line[digits] != ' ') return 0;
	struct word word = {(char *)line, digits};
	uint64_t id;
	return parse_number(&word, INT64_MAX, &id) ? id : 0;
}

bool is_text(const struct word *word) {
	return memchr(word->bytes, '\0', word->length) == NULL;
}

void append_word(struct buffer *buffer, const void *bytes, size_t length) {
	static const char HEX[] = "0123456789ABCDEF";
	if (length == 0) buffer_append(buffer, "%", 1);
	for (size_t i = 0; i < length; i++) {
		unsigned char c = ((const unsigned char *)bytes)[i];
		char code[3] = {'%', HEX[c >> 4], HEX[c & 15]};
		if (is_plain(c)) buffer_append(buffer, &c, 1);
		else buffer_append(buffer, code, 3);
	}
}
