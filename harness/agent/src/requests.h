#pragma once

#include <stddef.h>

/** Takes bytes from the harness, in pieces of any size, and does what they ask for. */
void requests_take(const char *bytes, size_t length);
