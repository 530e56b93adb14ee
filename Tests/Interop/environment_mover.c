/* Moves the environment of the program into which it is preloaded, as OpenTelemetry's injector does with its own
   variables: setenv(3) of a new name copies the list of variables from the stack to the heap. */

#include <stdlib.h>

__attribute__((constructor)) static void move(void) { setenv("MOVED", "1", 1); }
