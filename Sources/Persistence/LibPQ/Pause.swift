internal import Domain
internal import Glibc

/// Blocks the calling thread. Whoever met others gives a random time, so as not to meet them again.
func pause(for duration: Duration) {
    usleep(UInt32(clamping: duration.microseconds))
}
