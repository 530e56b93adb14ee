internal import Synchronization

/// Finds the addresses of host names, and lets callers wait for no longer than they want.
///
/// A look-up blocks for as long as name servers leave it without a response: by default 5 s for each server, twice
/// (resolv.conf(5), "timeout" and "attempts"). So each runs on a thread of its own. A caller that gives up leaves the
/// thread behind; the next caller waits for the same look-up. At most one thread is busy with a name.
package final class NameResolver: Sendable {
    /// Returns the addresses of a name, in the order in which to try them, in the form of libpq's `hostaddr`.
    package typealias LookUp = @Sendable (_ name: String) throws(DatabaseError) -> [String]

    private struct Outcome: Sendable {
        let addresses: Result<[String], DatabaseError>
        let instant: ContinuousClock.Instant

        /// Addresses are used for this long without another look-up. A name server that takes longer than a caller
        /// waits would otherwise never be of use: its response may come between two attempts.
        private static let lifetime = Duration.seconds(2)

        var isCurrent: Bool {
            guard case .success = addresses else { return false }
            return instant.duration(to: .now) < Self.lifetime
        }
    }

    private let lookUp: LookUp
    /// The last look-up of each name; names come from settings, so they are few.
    private let lookUps = Mutex<[String: Answer<Outcome>]>([:])

    package init(_ lookUp: @escaping LookUp) {
        self.lookUp = lookUp
    }

    /// The addresses of `name`, at least one.
    ///
    /// - Parameter isCancelled: Asked every 100 ms; true ends the wait.
    /// - Throws: ``DatabaseError`` of kind `timedOut` when there is no response before `deadline`, and of kind `connect`
    ///   when the name has no address or the wait was cancelled.
    func addresses(
        of name: String,
        deadline: Deadline,
        isCancelled: () -> Bool
    ) throws(DatabaseError) -> [String] {
        let answer = try answer(for: name)
        while true {
            if let outcome = answer.value(by: min(deadline, .after(.milliseconds(100)))) {
                let addresses = try outcome.addresses.get()
                if addresses.isEmpty { throw DatabaseError(.connect, "host name \"\(name)\" has no address") }
                return addresses
            }
            if deadline.hasPassed {
                throw DatabaseError(.timedOut, "host name \"\(name)\" was not resolved in time")
            }
            if isCancelled() { throw .connectingCancelled }
        }
    }

    /// The look-up that is under way or has just succeeded, or a new one.
    private func answer(for name: String) throws(DatabaseError) -> Answer<Outcome> {
        try lookUps.withLock { (lookUps) throws(DatabaseError) in
            if let known = lookUps[name], known.value.map(\.isCurrent) ?? true { return known }
            let answer = try Answer<Outcome>()
            let lookUp = lookUp
            _ = try DedicatedThread(name: "resolve") {
                let addresses = Result { () throws(DatabaseError) in try lookUp(name) }
                answer.give(Outcome(addresses: addresses, instant: .now))
            }
            lookUps[name] = answer
            return answer
        }
    }
}

extension DatabaseError {
    static let connectingCancelled = DatabaseError(.connect, "connecting was given up, because the work ends")
}
