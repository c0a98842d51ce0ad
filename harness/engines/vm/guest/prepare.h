#pragma once

/** Sets up the guest after the boot: file systems, modules, environment. */
void prepare(void);
