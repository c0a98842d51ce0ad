#pragma once

#include <stddef.h>
#include <stdint.h>

#include "process.h"

/** The agent's side of puppets: processes of its own that make socket calls. */

void puppet_start(uint64_t id);
/**
 * Hands a call over; `line` is what follows the puppet's id in the request, and is answered by the puppet with `id`.
 */
void puppet_call(struct process *puppet, uint64_t id, const char *line, size_t length);
/** Bytes that a puppet wrote. */
void puppet_answers(struct process *puppet, const char *bytes, size_t length);
/** Answers the calls that will never return. */
void puppet_ended(struct process *puppet);

/** The puppet itself: reads calls from one descriptor, answers on another, until its input ends. */
void puppet_live(int calls, int answers) __attribute__((noreturn));
