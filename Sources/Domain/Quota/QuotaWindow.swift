/// Counts the requests of each user that this process admitted in the last minute, and refuses those beyond the limit.
///
/// Sliding: every admission leaves the window exactly one window after it came. Users are told apart by a 64-bit hash
/// keyed anew in each process, so that a busy minute costs a few bytes a user; two users share a count by chance once
/// in 2^64 pairs. Two generations, each one window long, let old users go without a sweep.
///
/// Times are what has passed since an origin that the caller chooses once, by a clock that never goes back. A reading
/// that is a little older than the one before (another thread was faster) is harmless.
///
/// ```swift
/// var window = QuotaWindow(limit: 60)
/// if case .refused(let retryAfter) = window.admit(caller, at: start.duration(to: .now)) { ... }
/// ```
package struct QuotaWindow: Sendable {
    package static let length: Duration = .seconds(60)

    /// Admissions of one user, oldest first, in milliseconds since the origin.
    private struct Admissions: Sendable {
        var first: UInt32
        /// Empty for nearly all users, and then without storage of its own.
        var later: [UInt32] = []
    }

    /// The most admissions in one window; 0 for no limit.
    package let limit: Int
    private var younger: [Int: Admissions] = [:]
    private var older: [Int: Admissions] = [:]
    private var youngerBegan: UInt32 = 0

    package init(limit: Int) {
        self.limit = limit
    }

    /// Counts a request of `user`, unless it would be one too many.
    package mutating func admit(_ user: User.ID, at time: Duration) -> QuotaDecision {
        guard limit > 0 else { return .admitted }
        let time = Self.milliseconds(of: time)
        rotateGenerations(at: time)
        let key = user.hashValue
        guard var admissions = recent(key, at: time) else {
            younger[key] = Admissions(first: time)
            return .admitted
        }
        guard admissions.later.count + 1 < limit else {
            let left = Int64(admissions.first) + Int64(Self.milliseconds) - Int64(time)
            return .refused(retryAfter: max(1, (left + 999) / 1000))
        }
        // Taken out first, so that appending finds the only reference to the array.
        younger[key] = nil
        admissions.later.append(time)
        younger[key] = admissions
        return .admitted
    }

    /// Takes back the last admission of `user`: the database knew of more, and a refused request does not count.
    package mutating func withdraw(_ user: User.ID) {
        let key = user.hashValue
        guard var admissions = younger[key] else { return }
        if admissions.later.popLast() == nil {
            younger[key] = nil
        } else {
            younger[key] = admissions
        }
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
        // Far back, and not just a reading that was overtaken on the way: the milliseconds have overflowed.
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

    /// 49 days fit; a clock that far on starts the window anew, which forgives one minute.
    private static func milliseconds(of duration: Duration) -> UInt32 {
        UInt32(truncatingIfNeeded: duration.microseconds / 1000)
    }
}
