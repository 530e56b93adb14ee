#ifndef CARGUMENTS_H
#define CARGUMENTS_H

/// The argument count and vector that this process was started with, as main() gets them; 0 and NULL where the C
/// library does not pass them to constructors.
int process_argument_count(void);
char *const *process_argument_values(void);

#endif
