#include "CHeap.h"

// For __GLIBC__.
#include <stdlib.h>

// Swift's Glibc module does not have <malloc.h>. Other C libraries have none of these functions.
#ifdef __GLIBC__
#include <malloc.h>

void heap_configure(void) {
    mallopt(M_ARENA_MAX, 4);
    mallopt(M_MMAP_THRESHOLD, 512 * 1024);
}

void heap_trim(void) {
    malloc_trim(0);
}

size_t heap_free(void) {
    return mallinfo2().fordblks;
}
#else
void heap_configure(void) {
}

void heap_trim(void) {
}

size_t heap_free(void) {
    return 0;
}
#endif
