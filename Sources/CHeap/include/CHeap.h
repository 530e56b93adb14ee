#ifndef CHEAP_H
#define CHEAP_H

#include <stddef.h>

/// Keeps the heap from growing by pieces: at most four arenas, and blocks of 512 KiB or more by themselves (mallopt(3)). As
/// preset, glibc makes eight arenas for each processor, and takes blocks from the heap up to the largest that was ever
/// returned; between them and what lives on, gaps are left. To be called before threads are started.
void heap_configure(void);

/// Returns pages of the heap that are free to the system, wherever they are (malloc_trim(3)). Takes some milliseconds.
void heap_trim(void);

/// Bytes of the heap that are free and were not returned to the system (mallinfo(3)).
size_t heap_free(void);

#endif
