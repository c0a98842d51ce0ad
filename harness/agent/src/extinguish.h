#pragma once

/** Kills all processes that the agent started and their descendants, and waits for their end. */
void extinguish(void);
