#include "CArguments.h"

#include <stddef.h>

// Swift's CommandLine does not get its arguments from main(). On Linux it searches the stack for them, from the place
// of the environment and with the help of /proc/self/maps, and finds none when a library has moved the environment by
// setenv(3) or when /proc is not mounted. SwiftPM names the entry point of an executable, and Swift makes it, so that
// there is no main() of ours. But glibc passes the arguments of main() to the constructors of the program, too
// (csu/libc-start.c, call_init; Rust's standard library relies on it: library/std/src/sys/args/unix.rs).

static int count = 0;
static char **values = NULL;

__attribute__((constructor)) static void keep_arguments(int argc, char **argv, char **envp) {
    (void)envp;
    count = argc;
    values = argv;
}

int process_argument_count(void) { return count; }

char *const *process_argument_values(void) { return values; }
