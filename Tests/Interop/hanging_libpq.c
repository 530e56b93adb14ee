/* Stands between the server and libpq (LD_PRELOAD): a connection that is closed hangs for ever, as on a mount or in a
 * resolver that never answers. All but the first: `serve` tries one before it starts anything. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdatomic.h>
#include <unistd.h>

void PQfinish(void *connection) {
    static atomic_int closed;
    if (atomic_fetch_add(&closed, 1) == 0) {
        ((void (*)(void *))dlsym(RTLD_NEXT, "PQfinish"))(connection);
        return;
    }
    for (;;) pause();
}
