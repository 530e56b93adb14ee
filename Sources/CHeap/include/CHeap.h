#ifndef CHEAP_H
#define CHEAP_H

#include <stddef.h>

/// Returns pages of the heap that are free to the system, wherever they are (malloc_trim(3)). Takes some milliseconds.
void heap_trim(void);

/// Bytes of the heap that are free and were not returned to the system (mallinfo(3)).
size_t heap_free(void);

#endif
