#pragma once

#include <stddef.h>
#include <stdint.h>

#include "process.h"

/** The agent's side of puppets: processes that make socket calls. */

void puppet_start(uint64_t id);
/**
 * Passes a call to the puppet. `line` is the rest of the request after the puppet's id. The puppet answers with `id`.
 */
void puppet_call(struct process *puppet, uint64_t id, const char *line, size_t length);
/** Handles bytes that a puppet wrote. */
void puppet_answers(struct process *puppet, const char *bytes, size_t length);
/** Answers the calls that will never return. */
void puppet_ended(struct process *puppet);

/** The puppet itself: reads calls from one descriptor and answers on another, until its input ends. */
void puppet_live(int calls, int answers) __attribute__((noreturn));
