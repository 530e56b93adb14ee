/// Decides what each connection of the pool does next: connect, rest, work, close or stop.
///
/// Pure: events and the time go in, steps come out; no socket, no clock, no thread. Each *slot* is one thread with
/// at most one connection, and asks for its `nextStep` whenever it has finished the last one.
///
/// While the database is away, one slot probes and the others wait for it, so that a dead database sees a few
/// attempts a second and not a storm. Connections have a lifetime and an idle limit, both with jitter, so that they do
/// not all end at once.
package struct PoolStateMachine<Instant: InstantProtocol<Duration> & Sendable>: Sendable {
    package struct Limits: Sendable {
        /// Delay before the second attempt after a failed one; it doubles up to `maximumProbeInterval`.
        package var minimumProbeInterval: Duration
        package var maximumProbeInterval: Duration
        /// A connection older than this is replaced when it is free.
        package var lifetime: Duration
        /// A connection unused for this long is closed, down to one.
        package var idleLimit: Duration
        /// The part of each duration that chance may add.
        package var jitter: Double

        package init(
            minimumProbeInterval: Duration = .milliseconds(100),
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

    /// What a slot is to do.
    package enum Step: Equatable, Sendable {
        case connect
        /// Close the connection, then ask again.
        case disconnect
        /// There is work and a connection: take it.
        case work
        /// Wait until woken, or until the instant.
        case rest(until: Instant?)
        /// Close the connection and end the thread.
        case stop
    }

    package enum Slot: Equatable, Sendable {
        /// No connection. Wants one if there is work for it or the pool is below its minimum.
        case closed
        /// Opening a connection.
        case connecting
        /// Holding a connection and waiting.
        case idle(since: Instant, expiresAt: Instant)
        /// Using its connection.
        case busy(expiresAt: Instant)
        case stopped
    }

    /// A time in which connecting fails.
    private struct Outage: Sendable {
        let since: Instant
        var failures: Int
        var nextProbe: Instant
    }

    private let limits: Limits
    private let random: @Sendable () -> Double
    package private(set) var slots: [Slot]
    private var outage: Outage?
    package private(set) var isStopping = false

    /// - Parameter random: Returns numbers in `0..<1`, for jitter.
    package init(size: Int, limits: Limits = Limits(), random: @escaping @Sendable () -> Double) {
        precondition(size > 0)
        self.limits = limits
        self.random = random
        slots = Array(repeating: .closed, count: size)
    }

    // MARK: Questions

    /// Whether the last attempt to connect failed and nothing is connected: new work has no prospect.
    package var isAway: Bool {
        outage != nil && !slots.contains(where: \.hasConnection)
    }

    /// Whether that has been so for `duration`: a server that restarts is worth waiting for, one that is gone is not.
    package func hasBeenAway(for duration: Duration, now: Instant) -> Bool {
        isAway && outage.map { $0.since.advanced(by: duration) <= now } == true
    }

    /// The slot that newly arrived work should wake: one that holds a connection, else one that may open one.
    ///
    /// The lowest of the idle ones, so that under low load one connection does the work and the others age.
    package var slotToWake: Int? {
        slots.firstIndex { if case .idle = $0 { true } else { false } }
            ?? (outage == nil ? slots.firstIndex(of: .closed) : nil)
    }

    // MARK: Events

    /// Says what `slot`, which has nothing to do, does next.
    package mutating func nextStep(for slot: Int, hasWork: Bool, now: Instant) -> Step {
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

    /// `slot` has a connection. Returns the slots to wake, now that connecting works again.
    package mutating func connected(_ slot: Int, now: Instant) -> [Int] {
        slots[slot] = .idle(since: now, expiresAt: now.advanced(by: jittered(limits.lifetime)))
        guard outage != nil else { return [] }
        outage = nil
        return slots.indices.filter { slots[$0] == .closed }
    }

    /// `slot` could not connect.
    package mutating func connectingFailed(_ slot: Int, now: Instant) {
        slots[slot] = .closed
        let failures = (outage?.failures ?? 0) + 1
        let interval = limits.minimumProbeInterval * (1 << min(failures - 1, 10))
        outage = Outage(
            since: outage?.since ?? now,
            failures: failures,
            nextProbe: now.advanced(by: jittered(min(interval, limits.maximumProbeInterval)))
        )
    }

    /// The connection of `slot` is gone, or must not be used again.
    package mutating func disconnected(_ slot: Int) {
        if slots[slot] != .stopped { slots[slot] = .closed }
    }

    /// No more work will come: slots stop as soon as they find none.
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
            // Also without work: only a success ends the outage, and until then work wakes no closed slot.
            guard !slots.contains(.connecting) else {
                // The success wakes this slot, a failure does not: with no work left the probing one stops for good.
                return .rest(until: isStopping ? now.advanced(by: limits.maximumProbeInterval) : nil)
            }
            guard now >= outage.nextProbe else { return .rest(until: outage.nextProbe) }
        } else if !hasWork, slots.contains(where: { $0.hasConnection || $0 == .connecting }) {
            return .rest(until: nil)
        }
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
        if hasWork {
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
        return .rest(until: now < idleUntil ? min(expiresAt, idleUntil) : expiresAt)
    }

    private mutating func jittered(_ duration: Duration) -> Duration {
        duration + duration * (limits.jitter * random())
    }
}

extension PoolStateMachine.Slot {
    /// Whether a connection of this slot is open.
    package var hasConnection: Bool {
        switch self {
        case .idle, .busy: true
        case .closed, .connecting, .stopped: false
        }
    }
}
