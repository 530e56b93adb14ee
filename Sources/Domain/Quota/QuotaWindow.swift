/// Counts the requests of each user that this process admitted in the last minute, and refuses those beyond the limit.
///
/// The window slides: each admission stops counting exactly one window after it was made. The key of a user is a 64-bit
/// hash with a new seed in each process, so that a user costs a few bytes; two users share a count with a probability
/// of 2^-64. There are two generations, each one window long: dropping the older one removes old users without a sweep.
///
/// Times are durations since an origin that the caller chooses once, on a clock that never goes back. A reading that is
/// slightly older than the one before, because another thread was faster, does not change the outcome.
///
/// ```swift
/// var window = QuotaWindow(limit: 60)
/// if case .refused(let retryAfter) = window.admit(caller, at: start.duration(to: .now)) { ... }
/// ```
package struct QuotaWindow: Sendable {
    package static let length: Duration = .seconds(60)

    /// The admissions of one user, oldest first, in milliseconds since the origin.
    private struct Admissions: Sendable {
        var first: UInt32
        /// Empty for nearly all users; an empty array needs no allocation.
        var later: [UInt32] = []
    }

    /// The most admissions in one window; 0 for no limit. A new limit counts at once, with what was admitted before it;
    /// what was admitted while there was no limit is not known.
    package var limit: Int
    private var younger: [Int: Admissions] = [:]
    private var older: [Int: Admissions] = [:]
    private var youngerBegan: UInt32 = 0

    package init(limit: Int) {
        self.limit = limit
    }

    /// Counts a request of `user`, or refuses it when the limit is reached.
    package mutating func admit(_ user: User.ID, at time: Duration) -> QuotaDecision {
        guard limit > 0 else { return .admitted }
        let time = Self.milliseconds(of: time)
        rotateGenerations(at: time)
        let key = user.hashValue
        guard var admissions = recent(key, at: time) else {
            younger[key] = Admissions(first: time)
            older[key] = nil
            return .admitted
        }
        guard admissions.later.count + 1 < limit else {
            // One is admitted when all but `limit - 1` have left the window; they are more since the limit was lowered.
            let excess = admissions.later.count + 1 - limit
            let last = excess == 0 ? admissions.first : admissions.later[excess - 1]
            let left = Int64(last) + Int64(Self.milliseconds) - Int64(time)
            return .refused(retryAfter: max(1, (left + 999) / 1000))
        }
        // Removed before appending, so that the array has a single reference and is not copied.
        younger[key] = nil
        admissions.later.append(time)
        younger[key] = admissions
        // A user is in one generation only, so that what is withdrawn does not come back from the other one.
        older[key] = nil
        return .admitted
    }

    /// Removes the last admission of `user`, because the database refused the request and refused requests do not
    /// count.
    package mutating func withdraw(_ user: User.ID) {
        let key = user.hashValue
        if younger[key] != nil {
            Self.withdraw(key, from: &younger)
        } else {
            // The generations have changed since the admission.
            Self.withdraw(key, from: &older)
        }
    }

    private static func withdraw(_ key: Int, from generation: inout [Int: Admissions]) {
        guard var admissions = generation[key] else { return }
        generation[key] = admissions.later.popLast() == nil ? nil : admissions
    }

    /// The admissions of a user that are still inside the window.
    private func recent(_ key: Int, at time: UInt32) -> Admissions? {
        guard var admissions = younger[key] ?? older[key] else { return nil }
        let horizon = time >= Self.milliseconds ? time - Self.milliseconds : 0
        guard time >= Self.milliseconds, admissions.first <= horizon else { return admissions }
        guard let index = admissions.later.firstIndex(where: { $0 > horizon }) else { return nil }
        admissions.first = admissions.later[index]
        admissions.later.removeFirst(index + 1)
        return admissions
    }

    private mutating func rotateGenerations(at time: UInt32) {
        // So far back that it is not the reading of a slower thread: the milliseconds have overflowed.
        if youngerBegan > time, youngerBegan - time > Self.milliseconds {
            (younger, older, youngerBegan) = ([:], [:], time)
        }
        let elapsed = time - min(time, youngerBegan)
        guard elapsed >= Self.milliseconds else { return }
        older = elapsed >= 2 * Self.milliseconds ? [:] : younger
        younger = [:]
        youngerBegan = time
    }

    private static let milliseconds = milliseconds(of: length)

    /// Overflows after 49 days. Then the window starts again, and the admissions of one minute are forgotten.
    private static func milliseconds(of duration: Duration) -> UInt32 {
        UInt32(truncatingIfNeeded: duration.microseconds / 1000)
    }
}
