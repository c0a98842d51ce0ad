#pragma once

/** Kills everything that was started, and all that came of it, and waits until it is gone. */
void extinguish(void);
