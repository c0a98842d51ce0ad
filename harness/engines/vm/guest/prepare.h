#pragma once

/** Makes of a kernel that has just started a place where programs can run: file systems, modules, settings. */
void prepare(void);
