#pragma once

#include <stddef.h>
#include <stdint.h>

#include "process.h"

/** The agent's side of controlled processes, which make socket calls. */

void controlled_start(uint64_t id);
/**
 * Passes a call to the process. `line` is the rest of the request after the id of the process. The process answers with
 * `id`.
 */
void controlled_call(struct process *process, uint64_t id, const char *line, size_t length);
/** Handles bytes that a controlled process wrote. */
void controlled_answers(struct process *process, const char *bytes, size_t length);
/** Answers the calls that will never return, after the process has ended. */
void controlled_ended(struct process *process);

/** Runs in the controlled process: reads calls from one descriptor and answers on another, until its input ends. */
void controlled_main(int calls, int answers) __attribute__((noreturn));
