#ifndef CCLOCK_H
#define CCLOCK_H

/// What the kernel knows of the system's clock: 1 a time service keeps it synchronized, 0 none does, -1 the kernel does
/// not tell (a sandbox, another system).
int clock_synchronization(void);

#endif
