internal import Glibc

/// Checks every two milliseconds until `condition` holds. Returns false when it does not within `limit`. Blocks.
package func waitUntil(within limit: Duration = .seconds(20), _ condition: () throws -> Bool) rethrows -> Bool {
    let deadline = ContinuousClock.now + limit
    while true {
        if try condition() { return true }
        if ContinuousClock.now > deadline { return false }
        usleep(2000)
    }
}
