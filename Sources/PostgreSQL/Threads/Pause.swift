internal import Glibc

/// Blocks the calling thread for `duration`.
///
/// Callers that retry after a conflict pass a random duration, so that they do not collide again.
package func pause(for duration: Duration) {
    let (seconds, attoseconds) = duration.components
    var time = timespec(tv_sec: Int(seconds), tv_nsec: Int(attoseconds / 1_000_000_000))
    nanosleep(&time, nil)
}
