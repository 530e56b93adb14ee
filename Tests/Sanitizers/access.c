// Keeps ThreadSanitizer from reading at addresses that are none. Linked into what `scripts/sanitize thread` builds, by
// the option --wrap of the linker.
//
// The compiler says of every inout argument that it is written (__tsan_external_write). The address of a value without
// a size, such as SystemRandomNumberGenerator, is undefined: a register that contains anything. Without this file
// `UUIDv7(at:using:)`, called by `token issue-bearer`, ends with "SEGV in __tsan::ExternalAccess".

#include <stdint.h>

__attribute__((weak)) void real_external_write(void *address, void *caller, void *tag)
    __asm__("__real___tsan_external_write");

void external_write(void *address, void *caller, void *tag) __asm__("__wrap___tsan_external_write");

// Addresses of programs have at most 48 bits (Linux, Documentation/arch/x86/x86_64/mm.rst, arch/arm64/memory.rst). The
// first page is never mapped.
void external_write(void *address, void *caller, void *tag) {
    uintptr_t number = (uintptr_t)address;
    if (number < 4096 || number >> 48 != 0 || !real_external_write) return;
    // The caller is the one of this function, which is not instrumented and therefore in no stack.
    real_external_write(address, caller, tag);
}
