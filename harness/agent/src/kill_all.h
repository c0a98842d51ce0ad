#pragma once

/** Kills all processes that the agent started and their descendants, and waits for their end. */
void kill_all(void);
