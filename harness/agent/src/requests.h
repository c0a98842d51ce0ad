#pragma once

#include <stddef.h>

/** Handles bytes from the harness, in chunks of any size. */
void requests_receive(const char *bytes, size_t length);
