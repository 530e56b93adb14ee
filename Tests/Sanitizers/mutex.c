// Tells ThreadSanitizer of Swift's Mutex. Linked into what `scripts/sanitize thread` builds, by the options --wrap of
// the linker.
//
// On Linux, Mutex (module Synchronization) is a futex of the kind PI. The code that locks it without contention is
// compiled into our modules, where ThreadSanitizer sees the atomic instructions. A thread that must wait calls
// _lockSlow, and one that has waiters calls _unlockSlow; these are in libswiftSynchronization.so, which is not
// instrumented (swift, stdlib/public/Synchronization/Mutex/LinuxImpl.swift). Without the edges that are named here,
// whatever a contended Mutex guards is reported as a race: scripts/sanitize --self-test shows it.

#include <stdbool.h>
#include <stdint.h>

// Weak, as the functions of Swift are: tools of the build are linked with this file, too, which are not instrumented or
// have no Mutex.
__attribute__((weak)) void __tsan_acquire(void *address);
__attribute__((weak)) void __tsan_release(void *address);

// The lock word is the first member of _MutexHandle, which Swift passes in the register of the context.
#define SELF __attribute__((swift_context)) void *self
#define SWIFT __attribute__((swiftcall))
#define LOCK_SLOW "$s15Synchronization12_MutexHandleV9_lockSlowyys6UInt32VF"
#define TRY_LOCK_SLOW "$s15Synchronization12_MutexHandleV12_tryLockSlowSbyF"
#define UNLOCK_SLOW "$s15Synchronization12_MutexHandleV11_unlockSlowyyF"

__attribute__((weak)) SWIFT void real_lock_slow(uint32_t thread, SELF) __asm__("__real_" LOCK_SLOW);
__attribute__((weak)) SWIFT bool real_try_lock_slow(SELF) __asm__("__real_" TRY_LOCK_SLOW);
__attribute__((weak)) SWIFT void real_unlock_slow(SELF) __asm__("__real_" UNLOCK_SLOW);

SWIFT void lock_slow(uint32_t thread, SELF) __asm__("__wrap_" LOCK_SLOW);
SWIFT bool try_lock_slow(SELF) __asm__("__wrap_" TRY_LOCK_SLOW);
SWIFT void unlock_slow(SELF) __asm__("__wrap_" UNLOCK_SLOW);

SWIFT void lock_slow(uint32_t thread, SELF) {
    real_lock_slow(thread, self);
    if (__tsan_acquire) __tsan_acquire(self);
}

SWIFT bool try_lock_slow(SELF) {
    bool locked = real_try_lock_slow(self);
    if (locked && __tsan_acquire) __tsan_acquire(self);
    return locked;
}

SWIFT void unlock_slow(SELF) {
    if (__tsan_release) __tsan_release(self);
    real_unlock_slow(self);
}
