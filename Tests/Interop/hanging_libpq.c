/* Stands between the server and libpq (LD_PRELOAD): a connection that is closed hangs for ever, as on a mount or in a
 * resolver that never answers. */
#include <unistd.h>

void PQfinish(void *connection) {
    (void)connection;
    for (;;) pause();
}
