internal import Glibc

/// Blocks the calling thread for a random time, so that processes that met once do not meet again.
func pause(milliseconds range: ClosedRange<UInt32>) {
    usleep(UInt32.random(in: range) * 1000)
}
