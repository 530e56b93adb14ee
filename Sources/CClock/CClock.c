#include "CClock.h"

#include <sys/timex.h>

// Swift's Glibc module does not have <sys/timex.h>. With modes 0 nothing is changed, and no privilege is needed
// (adjtimex(2)). STA_UNSYNC is the flag that chrony, ntpd and systemd-timesyncd take away.
int clock_synchronization(void) {
    struct timex state = {.modes = 0};
    if (adjtimex(&state) < 0) return -1;
    return (state.status & STA_UNSYNC) ? 0 : 1;
}
