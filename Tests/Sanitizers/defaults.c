// Options of the sanitizers. Linked into what scripts/sanitize builds, because servers that tests start get an
// environment without TSAN_OPTIONS. REPORTS is the beginning of a file's name; the runtime appends the process.
//
// A report does not end the process (address: it does) and changes no exit code of ThreadSanitizer's: a test judges
// what the code does, scripts/sanitize counts the files.

#if __has_feature(thread_sanitizer)
// history_size: the other access's stack is kept longer. second_deadlock_stack: both orders of two locks are printed.
const char *__tsan_default_options(void) {
    return "log_path=" REPORTS ":halt_on_error=0:exitcode=0:history_size=4:second_deadlock_stack=1";
}

// A line of these matches a part of the name of any function in the stack, as Swift mangles it.
const char *__tsan_default_suppressions(void) {
    return
        // Not joined at the end of the process, on purpose: LogWriter.end waits for the lines, for a limited time, because
        // the thread can be blocked in a pipe that is not read (fault F36).
        "thread:9LogWriterC\n"
        // The same where the process ends, by a second signal or by its deadline, while IssuanceEngine.stop still waits for
        // a worker that the database keeps: it has not come to joining the others.
        "thread:15IssuanceEngineC5start\n";
}
#endif

#if __has_feature(address_sanitizer)
// detect_leaks: LeakSanitizer does not find pointers in which Swift keeps bits of its own, and reports an empty bundle
// of tests (github.com/llvm/llvm-project/issues/56751, github.com/swiftlang/swift-corelibs-xctest/issues/521). What
// leaks in a server that works is found by the soak, fault F39. detect_stack_use_after_return stays on, as preset.
const char *__asan_default_options(void) {
    return "log_path=" REPORTS ":detect_leaks=0:strict_string_checks=1:check_initialization_order=1";
}

const char *__ubsan_default_options(void) { return "log_path=" REPORTS ":print_stacktrace=1"; }
#endif
