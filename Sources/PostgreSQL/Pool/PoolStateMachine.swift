/// Decides what each connection of the pool does next: connect, rest, work, close or stop.
///
/// A pure state machine: events and the time are parameters, steps are results. It has no socket, no clock and no
/// thread. Each *slot* stands for one thread with at most one connection. The thread calls
/// ``nextStep(for:hasWork:now:)``, carries out the step, reports its outcome and calls again.
///
/// While the database does not accept connections, one slot probes at a time, or one each half second when attempts
/// take longer than that. The time between two attempts is a part of how long the outage has lasted, so that the end of
/// a short one is noticed soon, and a long one costs a few attempts a second. While COMMIT is stalled (``CommitHealth``),
/// no slot works, and one at a time tries a COMMIT. Connections, and COMMITs that were given up and occupy a backend, are
/// together at most one more than the slots. Connections have a lifetime and an idle limit,
/// both with jitter, so that they do not all end at the same time.
///
/// ```swift
/// switch machine.nextStep(for: slot, hasWork: !queue.isEmpty, now: .now) {
/// case .connect: // open a connection, then call connected(_:now:) or connectingFailed(_:now:)
/// case .disconnect: // close the connection, then ask for the next step
/// case .work: // take work from the queue; after a broken connection call disconnected(_:)
/// case .probeCommit: // commit something, then call committed() or commitGivenUp(_:now:)
/// case .rest(let instant): // wait for a wake-up, or until the instant
/// case .stop: // close the connection and end the thread
/// }
/// ```
package struct PoolStateMachine: Sendable {
    package typealias Instant = ContinuousClock.Instant

    package struct Limits: Sendable {
        /// The delay between two failed attempts: a third of the time since the first, within these two.
        package var minimumProbeInterval: Duration
        package var maximumProbeInterval: Duration
        /// A connection older than this is replaced when it is not in use.
        package var lifetime: Duration
        /// A connection unused for this long is closed, unless it is the only one.
        package var idleLimit: Duration
        /// The largest random part that is added to a duration, as a fraction of it.
        package var jitter: Double

        package init(
            minimumProbeInterval: Duration = .milliseconds(50),
            maximumProbeInterval: Duration = .milliseconds(500),
            lifetime: Duration = .seconds(30 * 60),
            idleLimit: Duration = .seconds(10 * 60),
            jitter: Double = 0.25
        ) {
            self.minimumProbeInterval = minimumProbeInterval
            self.maximumProbeInterval = maximumProbeInterval
            self.lifetime = lifetime
            self.idleLimit = idleLimit
            self.jitter = jitter
        }
    }

    /// What the thread of a slot does next.
    package enum Step: Equatable, Sendable {
        case connect
        /// Close the connection, then ask for the next step.
        case disconnect
        /// There is work: take it and use the connection.
        case work
        /// COMMIT is stalled: commit something, to see whether that is over.
        case probeCommit
        /// Wait for a wake-up, or until the instant when there is one.
        case rest(until: Instant?)
        /// Close the connection and end the thread.
        case stop
    }

    package enum Slot: Equatable, Sendable {
        /// There is no connection. The slot opens one when there is work or when no other slot has or opens one; during
        /// an outage, when it is the slot that probes.
        ///
        /// Followed by `connecting` or `stopped`.
        case closed
        /// The thread is opening a connection. It does not ask for a step in this state.
        ///
        /// Followed by `idle` on success and `closed` on failure.
        case connecting
        /// The connection is open and not in use since `since`. It is replaced at `expiresAt`.
        ///
        /// Followed by `busy` when there is work, `closed` when the connection expires, breaks or was idle too long,
        /// and `stopped`.
        case idle(since: Instant, expiresAt: Instant)
        /// The thread is using the connection, which is replaced at `expiresAt`.
        ///
        /// Followed by `busy` while there is more work, `idle` when there is none, `closed` when the connection expires
        /// or breaks, and `stopped`.
        case busy(expiresAt: Instant)
        case stopped
    }

    /// A period in which every attempt to connect has failed.
    private struct Outage: Sendable {
        let since: Instant
        var nextProbe: Instant
    }

    private let limits: Limits
    private let random: @Sendable () -> Double
    package private(set) var slots: [Slot]
    private var outage: Outage?
    package private(set) var isStopping = false
    package private(set) var commits: CommitHealth
    /// While COMMIT is stalled: when the next one is tried, and the slot that tries one.
    private var nextCommitProbe: Instant?
    private var commitProber: Int?

    /// - Parameter random: Returns numbers in `0..<1`, for jitter.
    package init(size: Int, limits: Limits = Limits(), random: @escaping @Sendable () -> Double) {
        precondition(size > 0)
        self.limits = limits
        self.random = random
        slots = Array(repeating: .closed, count: size)
        commits = CommitHealth(limit: size)
    }

    // MARK: Questions

    /// Whether new work cannot be done now: the last attempt to connect failed and no slot has a connection, or COMMIT is
    /// stalled.
    package var isAway: Bool {
        commits.isStalled || (outage != nil && !slots.contains(where: \.hasConnection))
    }

    /// Whether ``isAway`` has held for `duration`, or COMMIT is stalled. Work may wait for a server that restarts, and not
    /// for one that stays away.
    package func hasBeenAway(for duration: Duration, now: Instant) -> Bool {
        commits.isStalled || isAway && outage.map { $0.since.advanced(by: duration) <= now } == true
    }

    /// The slot to wake for new work: one with an idle connection, otherwise one that may open a connection.
    ///
    /// The lowest index is chosen, so that under low load one connection does the work and the others reach their idle
    /// limit.
    package var slotToWake: Int? {
        if commits.isStalled { return nil }
        return slots.firstIndex { if case .idle = $0 { true } else { false } }
            ?? (outage == nil ? slots.firstIndex(of: .closed) : nil)
    }

    // MARK: Events

    /// Returns the next step of `slot`, whose previous step is finished.
    package mutating func nextStep(for slot: Int, hasWork: Bool, now: Instant) -> Step {
        if commitProber == slot { commitProber = nil }
        switch slots[slot] {
        case .stopped:
            return .stop
        case .closed:
            return nextStepWithoutConnection(slot, hasWork: hasWork, now: now)
        case .connecting:
            preconditionFailure("slot \(slot) asked for a step while connecting")
        case .idle(let since, let expiresAt):
            return nextStepWithConnection(slot, idleSince: since, expiresAt: expiresAt, hasWork: hasWork, now: now)
        case .busy(let expiresAt):
            return nextStepWithConnection(slot, idleSince: now, expiresAt: expiresAt, hasWork: hasWork, now: now)
        }
    }

    /// Notes that `slot` has connected. Returns the slots to wake when this ends an outage.
    package mutating func connected(_ slot: Int, now: Instant) -> [Int] {
        slots[slot] = .idle(since: now, expiresAt: now.advanced(by: jittered(limits.lifetime)))
        guard outage != nil else { return [] }
        outage = nil
        return slots.indices.filter { slots[$0] == .closed }
    }

    /// Notes that `slot` could not connect.
    package mutating func connectingFailed(_ slot: Int, now: Instant) {
        slots[slot] = .closed
        let since = outage?.since ?? now
        let interval = max(since.duration(to: now) / 3, limits.minimumProbeInterval)
        outage = Outage(
            since: since,
            nextProbe: now.advanced(by: jittered(min(interval, limits.maximumProbeInterval)))
        )
    }

    /// Notes that the connection of `slot` is lost or must not be used again.
    package mutating func disconnected(_ slot: Int) {
        if slots[slot] != .stopped { slots[slot] = .closed }
    }

    /// Notes that a COMMIT was acknowledged. This ends a stall.
    package mutating func committed() {
        commits.acknowledged()
    }

    /// Notes that the COMMIT that `slot` waited for was given up. The slot no longer has the connection, which occupies a
    /// backend until ``abandonedCommitEnded()``.
    package mutating func commitGivenUp(_ slot: Int, now: Instant) {
        disconnected(slot)
        commits.gaveUp()
        nextCommitProbe = now.advanced(by: jittered(limits.maximumProbeInterval))
    }

    /// Notes that the server has ended a COMMIT that was given up. Returns the slots to wake, for which there may be room
    /// now.
    package mutating func abandonedCommitEnded() -> [Int] {
        commits.ended()
        return slots.indices.filter { slots[$0] == .closed }
    }

    /// Notes that no more work will arrive. From now on each slot stops when it finds no work.
    package mutating func stop() {
        isStopping = true
    }

    // MARK: Steps

    private mutating func nextStepWithoutConnection(_ slot: Int, hasWork: Bool, now: Instant) -> Step {
        if isStopping, !hasWork || isAway {
            slots[slot] = .stopped
            return .stop
        }
        if let outage {
            // This also applies without work: only a successful attempt ends an outage, and until then new work wakes
            // no closed slot.
            guard now >= outage.nextProbe else { return .rest(until: outage.nextProbe) }
            // A name server or a firewall may hold the attempt up, so the next slot does not wait for its end.
            let nextProbe = now.advanced(by: jittered(limits.maximumProbeInterval))
            self.outage?.nextProbe = nextProbe
        } else if commits.isStalled {
            if let instant = restBeforeCommitProbe(now: now) { return .rest(until: instant) }
        } else if !hasWork, slots.contains(where: { $0.hasConnection || $0 == .connecting }) {
            return .rest(until: nil)
        }
        guard hasRoom else { return .rest(until: now.advanced(by: limits.maximumProbeInterval)) }
        if commits.isStalled, commitProber == nil { commitProber = slot }
        slots[slot] = .connecting
        return .connect
    }

    private mutating func nextStepWithConnection(
        _ slot: Int,
        idleSince: Instant,
        expiresAt: Instant,
        hasWork: Bool,
        now: Instant
    ) -> Step {
        if now >= expiresAt {
            slots[slot] = .closed
            return .disconnect
        }
        let probesAt = commits.isStalled ? restBeforeCommitProbe(now: now) : nil
        if commits.isStalled {
            if !isStopping, probesAt == nil {
                nextCommitProbe = now.advanced(by: jittered(limits.maximumProbeInterval))
                commitProber = slot
                slots[slot] = .busy(expiresAt: expiresAt)
                return .probeCommit
            }
        } else if hasWork {
            slots[slot] = .busy(expiresAt: expiresAt)
            return .work
        }
        if isStopping {
            slots[slot] = .stopped
            return .stop
        }
        let idleUntil = idleSince.advanced(by: limits.idleLimit)
        if now >= idleUntil, slots.count(where: \.hasConnection) > 1 {
            slots[slot] = .closed
            return .disconnect
        }
        slots[slot] = .idle(since: idleSince, expiresAt: expiresAt)
        let restsUntil = now < idleUntil ? min(expiresAt, idleUntil) : expiresAt
        return .rest(until: probesAt.map { min($0, restsUntil) } ?? restsUntil)
    }

    /// While COMMIT is stalled: until when a slot rests before it may try one; nil when it may now.
    private func restBeforeCommitProbe(now: Instant) -> Instant? {
        if commitProber != nil { return now.advanced(by: limits.maximumProbeInterval) }
        return nextCommitProbe.flatMap { now < $0 ? $0 : nil }
    }

    /// Whether one more backend may be occupied.
    private var hasRoom: Bool {
        slots.count { $0.hasConnection || $0 == .connecting } + commits.abandoned <= slots.count
    }

    private mutating func jittered(_ duration: Duration) -> Duration {
        duration + duration * (limits.jitter * random())
    }
}

extension PoolStateMachine.Slot {
    /// Whether this slot has an open connection.
    package var hasConnection: Bool {
        switch self {
        case .idle, .busy: true
        case .closed, .connecting, .stopped: false
        }
    }
}
