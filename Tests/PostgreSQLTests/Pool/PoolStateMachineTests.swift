import TestSupport
import Testing

@testable import PostgreSQL

/// Each event in each state. There is no jitter unless a test is about it.
@Suite struct PoolStateMachineTests {
    typealias Machine = PoolStateMachine

    private static let limits = Machine.Limits(lifetime: .seconds(1800), idleLimit: .seconds(600))

    private func machine(size: Int = 2, random: Double = 0) -> Machine {
        Machine(size: size, limits: Self.limits) { random }
    }

    /// A machine whose slots are all connected and resting.
    private func connectedMachine(size: Int = 2, at now: TestInstant = .at(.zero)) -> Machine {
        var machine = machine(size: size)
        for slot in 0..<size {
            #expect(machine.nextStep(for: slot, hasWork: true, now: now) == .connect)
            #expect(machine.connected(slot, now: now).isEmpty)
        }
        for slot in 0..<size {
            #expect(
                machine.nextStep(for: slot, hasWork: false, now: now) == .rest(until: .at(now.offset + .seconds(600)))
            )
        }
        return machine
    }

    // MARK: Without a connection

    @Test func `the first slot that requests a step connects even without work`() {
        var machine = machine()

        #expect(machine.nextStep(for: 1, hasWork: false, now: .at(.zero)) == .connect)
        #expect(machine.slots == [.closed, .connecting])
    }

    @Test func `without work one connection is enough`() {
        var machine = machine()
        _ = machine.nextStep(for: 0, hasWork: false, now: .at(.zero))

        #expect(machine.nextStep(for: 1, hasWork: false, now: .at(.zero)) == .rest(until: nil))
        _ = machine.connected(0, now: .at(.zero))
        #expect(machine.nextStep(for: 1, hasWork: false, now: .at(.zero)) == .rest(until: nil))
    }

    @Test func `with work each slot connects`() {
        var machine = machine(size: 3)

        let steps = (0..<3).map { machine.nextStep(for: $0, hasWork: true, now: .at(.zero)) }

        #expect(steps == [.connect, .connect, .connect])
    }

    // MARK: Outages

    @Test func `attempts are 50 ms apart, then a third of the time that the outage has lasted, and at last 500 ms`() {
        var machine = machine()
        var now = TestInstant.at(.zero)
        var pauses: [Duration] = []

        for _ in 0..<16 {
            #expect(machine.nextStep(for: 0, hasWork: true, now: now) == .connect)
            machine.connectingFailed(0, now: now)
            guard case .rest(let until?) = machine.nextStep(for: 0, hasWork: true, now: now) else {
                Issue.record("the slot does not wait for the next probe")
                return
            }
            pauses.append(now.duration(to: until))
            now = until
        }

        #expect(Array(pauses.prefix(4)) == Array(repeating: .milliseconds(50), count: 4))
        var lasted = Duration.milliseconds(200)
        for pause in pauses.dropFirst(4) {
            #expect(pause == min(lasted / 3, .milliseconds(500)))
            lasted += pause
        }
        #expect(pauses.last == .milliseconds(500))
    }

    @Test func `jitter lengthens a delay by at most a quarter`() {
        var machine = machine(random: 0.999_999)
        _ = machine.nextStep(for: 0, hasWork: true, now: .at(.zero))
        machine.connectingFailed(0, now: .at(.zero))

        guard case .rest(let until?) = machine.nextStep(for: 0, hasWork: true, now: .at(.zero)) else {
            Issue.record("the slot does not wait for the next probe")
            return
        }

        #expect(until > .at(.milliseconds(62)))
        #expect(until < .at(.microseconds(62_500)))
    }

    @Test func `no attempt is made before the next probe is due`() {
        var machine = machine()
        _ = machine.nextStep(for: 0, hasWork: true, now: .at(.zero))
        machine.connectingFailed(0, now: .at(.zero))

        #expect(
            machine.nextStep(for: 1, hasWork: true, now: .at(.milliseconds(49)))
                == .rest(until: .at(.milliseconds(50)))
        )
        #expect(machine.nextStep(for: 1, hasWork: true, now: .at(.milliseconds(50))) == .connect)
    }

    @Test func `a slot that probes holds the others up for half a second at most`() {
        var machine = machine(size: 3)
        _ = machine.nextStep(for: 0, hasWork: true, now: .at(.zero))
        machine.connectingFailed(0, now: .at(.zero))
        #expect(machine.nextStep(for: 0, hasWork: true, now: .at(.seconds(1))) == .connect)

        #expect(
            machine.nextStep(for: 1, hasWork: true, now: .at(.seconds(1))) == .rest(until: .at(.milliseconds(1500)))
        )
        #expect(machine.nextStep(for: 1, hasWork: true, now: .at(.milliseconds(1500))) == .connect)
        #expect(
            machine.nextStep(for: 2, hasWork: true, now: .at(.milliseconds(1500))) == .rest(until: .at(.seconds(2)))
        )
    }

    @Test func `the end of an outage wakes every slot without a connection`() {
        var machine = machine(size: 4)
        _ = machine.nextStep(for: 2, hasWork: true, now: .at(.zero))
        machine.connectingFailed(2, now: .at(.zero))
        _ = machine.nextStep(for: 2, hasWork: true, now: .at(.seconds(1)))

        let woken = machine.connected(2, now: .at(.seconds(1)))

        #expect(woken == [0, 1, 3])
        #expect(!machine.isAway)
    }

    @Test func `delays start at 50 ms again after an outage`() {
        var machine = machine(size: 1)
        var now = TestInstant.at(.zero)
        for _ in 0..<5 {
            _ = machine.nextStep(for: 0, hasWork: true, now: now)
            machine.connectingFailed(0, now: now)
            now = now.advanced(by: .seconds(1))
        }
        _ = machine.nextStep(for: 0, hasWork: true, now: now)
        _ = machine.connected(0, now: now)
        machine.disconnected(0)

        _ = machine.nextStep(for: 0, hasWork: true, now: now)
        machine.connectingFailed(0, now: now)

        #expect(machine.nextStep(for: 0, hasWork: true, now: now) == .rest(until: now.advanced(by: .milliseconds(50))))
    }

    @Test func `a failed attempt is repeated without work while other slots are connected`() {
        var machine = connectedMachine()
        machine.disconnected(1)
        #expect(machine.nextStep(for: 1, hasWork: true, now: .at(.zero)) == .connect)
        machine.connectingFailed(1, now: .at(.zero))

        #expect(machine.nextStep(for: 1, hasWork: false, now: .at(.zero)) == .rest(until: .at(.milliseconds(50))))
        #expect(machine.nextStep(for: 1, hasWork: false, now: .at(.milliseconds(50))) == .connect)
    }

    @Test func `the database is away when an attempt failed and no slot is connected`() {
        var machine = machine()
        #expect(!machine.isAway)

        _ = machine.nextStep(for: 0, hasWork: true, now: .at(.zero))
        #expect(!machine.isAway)
        machine.connectingFailed(0, now: .at(.zero))

        #expect(machine.isAway)
    }

    @Test func `the time away counts from the first failure`() {
        var machine = machine()
        _ = machine.nextStep(for: 0, hasWork: true, now: .at(.zero))
        #expect(!machine.hasBeenAway(for: .zero, now: .at(.seconds(9))))
        machine.connectingFailed(0, now: .at(.seconds(1)))
        _ = machine.nextStep(for: 0, hasWork: true, now: .at(.milliseconds(1500)))
        machine.connectingFailed(0, now: .at(.milliseconds(1600)))

        #expect(!machine.hasBeenAway(for: .seconds(1), now: .at(.milliseconds(1999))))
        #expect(machine.hasBeenAway(for: .seconds(1), now: .at(.seconds(2))))
        _ = machine.nextStep(for: 0, hasWork: true, now: .at(.seconds(3)))
        _ = machine.connected(0, now: .at(.seconds(3)))
        #expect(!machine.hasBeenAway(for: .zero, now: .at(.seconds(3))))
    }

    @Test func `the database is not away while a slot is connected`() {
        var machine = connectedMachine()
        machine.disconnected(0)
        _ = machine.nextStep(for: 0, hasWork: true, now: .at(.zero))

        machine.connectingFailed(0, now: .at(.zero))
        #expect(!machine.isAway)
        machine.disconnected(1)

        #expect(machine.isAway)
    }

    // MARK: With a connection

    @Test func `a connected slot takes one work item after the other`() {
        var machine = connectedMachine()

        #expect(machine.nextStep(for: 0, hasWork: true, now: .at(.zero)) == .work)
        #expect(machine.nextStep(for: 0, hasWork: true, now: .at(.zero)) == .work)
        #expect(machine.slots[0] == .busy(expiresAt: .at(.seconds(1800))))
    }

    @Test func `idle time counts from the last work`() {
        var machine = connectedMachine()
        _ = machine.nextStep(for: 0, hasWork: true, now: .at(.seconds(500)))

        #expect(machine.nextStep(for: 0, hasWork: false, now: .at(.seconds(501))) == .rest(until: .at(.seconds(1101))))
    }

    @Test func `waking without work does not restart the idle time`() {
        var machine = connectedMachine()

        #expect(machine.nextStep(for: 0, hasWork: false, now: .at(.seconds(599))) == .rest(until: .at(.seconds(600))))
        #expect(machine.nextStep(for: 0, hasWork: false, now: .at(.seconds(600))) == .disconnect)
    }

    @Test func `the last connection is not closed for being idle`() {
        var machine = connectedMachine()
        #expect(machine.nextStep(for: 0, hasWork: false, now: .at(.seconds(601))) == .disconnect)

        #expect(machine.nextStep(for: 1, hasWork: false, now: .at(.seconds(601))) == .rest(until: .at(.seconds(1800))))
        #expect(machine.nextStep(for: 0, hasWork: false, now: .at(.seconds(601))) == .rest(until: nil))
    }

    @Test func `a connection at the end of its lifetime is closed before it takes work`() {
        var machine = connectedMachine()

        #expect(machine.nextStep(for: 0, hasWork: true, now: .at(.seconds(1800))) == .disconnect)
        #expect(machine.nextStep(for: 0, hasWork: true, now: .at(.seconds(1800))) == .connect)
    }

    @Test func `the only connection is replaced at the end of its lifetime`() {
        var machine = connectedMachine(size: 1)

        #expect(machine.nextStep(for: 0, hasWork: false, now: .at(.seconds(1800))) == .disconnect)
        #expect(machine.nextStep(for: 0, hasWork: false, now: .at(.seconds(1800))) == .connect)
    }

    @Test func `jitter lengthens a lifetime by at most a quarter`() {
        var machine = machine(size: 1, random: 0.5)
        _ = machine.nextStep(for: 0, hasWork: true, now: .at(.zero))
        _ = machine.connected(0, now: .at(.zero))

        #expect(machine.slots == [.idle(since: .at(.zero), expiresAt: .at(.seconds(2025)))])
    }

    @Test func `a lost connection is opened again when there is work`() {
        var machine = connectedMachine()
        _ = machine.nextStep(for: 0, hasWork: true, now: .at(.zero))

        machine.disconnected(0)

        #expect(machine.nextStep(for: 0, hasWork: false, now: .at(.zero)) == .rest(until: nil))
        #expect(machine.nextStep(for: 0, hasWork: true, now: .at(.zero)) == .connect)
    }

    // MARK: COMMITs that are not acknowledged

    /// A machine whose COMMITs were given up, once on each slot.
    private func stalledMachine(size: Int = 2) -> Machine {
        var machine = connectedMachine(size: size)
        for slot in 0..<size {
            #expect(!machine.commits.isStalled)
            #expect(machine.nextStep(for: slot, hasWork: true, now: .at(.zero)) == .work)
            machine.commitGivenUp(slot, now: .at(.zero))
        }
        return machine
    }

    @Test func `as many COMMITs given up in a row as there are slots are a stall, and no work is done`() {
        var machine = stalledMachine()

        #expect(machine.commits.isStalled)
        #expect(machine.commits.abandoned == 2)
        #expect(machine.isAway)
        #expect(machine.hasBeenAway(for: .seconds(1), now: .at(.zero)))
        #expect(machine.slotToWake == nil)
        #expect(machine.nextStep(for: 0, hasWork: true, now: .at(.zero)) == .rest(until: .at(.milliseconds(500))))
    }

    @Test func `a COMMIT that is acknowledged in between begins the count again`() {
        var machine = connectedMachine()
        machine.commitGivenUp(0, now: .at(.zero))
        machine.committed()
        machine.commitGivenUp(1, now: .at(.zero))

        #expect(!machine.commits.isStalled)
        #expect(machine.commits.abandoned == 2)
    }

    @Test func `one slot at a time tries a COMMIT, and its acknowledgement ends the stall`() {
        var machine = stalledMachine(size: 3)
        let later = TestInstant.at(.milliseconds(500))

        #expect(machine.nextStep(for: 1, hasWork: true, now: later) == .connect)
        #expect(machine.nextStep(for: 0, hasWork: true, now: later) == .rest(until: .at(.seconds(1))))
        _ = machine.connected(1, now: later)
        #expect(machine.nextStep(for: 1, hasWork: true, now: later) == .probeCommit)
        #expect(
            machine.nextStep(for: 2, hasWork: true, now: .at(.seconds(3))) == .rest(until: .at(.milliseconds(3500)))
        )
        machine.committed()

        #expect(!machine.isAway)
        #expect(machine.nextStep(for: 1, hasWork: true, now: later) == .work)
        // There is no room before one of the three has ended.
        #expect(machine.nextStep(for: 0, hasWork: true, now: later) == .rest(until: .at(.seconds(1))))
        #expect(machine.abandonedCommitEnded() == [0, 2])
        #expect(machine.nextStep(for: 0, hasWork: true, now: later) == .connect)
    }

    @Test func `connections and COMMITs that were given up are at most one more than the slots`() {
        var machine = stalledMachine()
        var now = TestInstant.at(.seconds(1))
        for abandoned in 3...3 {
            #expect(machine.nextStep(for: 0, hasWork: true, now: now) == .connect)
            _ = machine.connected(0, now: now)
            #expect(machine.nextStep(for: 0, hasWork: true, now: now) == .probeCommit)
            machine.commitGivenUp(0, now: now)
            #expect(machine.commits.abandoned == abandoned)
            now = now.advanced(by: .seconds(1))
        }

        #expect(
            machine.nextStep(for: 0, hasWork: true, now: now) == .rest(until: now.advanced(by: .milliseconds(500)))
        )
        #expect(machine.abandonedCommitEnded() == [0, 1])
        #expect(machine.nextStep(for: 0, hasWork: true, now: now) == .connect)
    }

    @Test func `stopping does not wait for a COMMIT`() {
        var machine = stalledMachine()
        _ = machine.nextStep(for: 0, hasWork: true, now: .at(.seconds(1)))
        _ = machine.connected(0, now: .at(.seconds(1)))

        machine.stop()

        for slot in 0..<2 { #expect(machine.nextStep(for: slot, hasWork: true, now: .at(.seconds(9))) == .stop) }
    }

    // MARK: Waking

    @Test func `work wakes the lowest resting connection`() {
        var machine = connectedMachine(size: 3)
        #expect(machine.slotToWake == 0)

        _ = machine.nextStep(for: 0, hasWork: true, now: .at(.zero))
        #expect(machine.slotToWake == 1)
        machine.disconnected(1)

        #expect(machine.slotToWake == 2)
    }

    @Test func `work wakes a slot without a connection when no other rests`() {
        var machine = connectedMachine()
        machine.disconnected(0)
        _ = machine.nextStep(for: 1, hasWork: true, now: .at(.zero))

        #expect(machine.slotToWake == 0)
    }

    @Test func `work wakes no slot when all are busy or connecting`() {
        var machine = connectedMachine()
        _ = machine.nextStep(for: 0, hasWork: true, now: .at(.zero))
        machine.disconnected(1)
        _ = machine.nextStep(for: 1, hasWork: true, now: .at(.zero))

        #expect(machine.slotToWake == nil)
    }

    // MARK: Stopping

    @Test func `stopping ends slots in every state that have no work`() {
        var machine = connectedMachine(size: 3)
        _ = machine.nextStep(for: 1, hasWork: true, now: .at(.zero))
        machine.disconnected(2)

        machine.stop()

        for slot in 0..<3 {
            #expect(machine.nextStep(for: slot, hasWork: false, now: .at(.zero)) == .stop)
            #expect(machine.nextStep(for: slot, hasWork: true, now: .at(.zero)) == .stop)
        }
        #expect(machine.slots == [.stopped, .stopped, .stopped])
        #expect(machine.slotToWake == nil)
    }

    @Test func `stopping finishes the remaining work`() {
        var machine = connectedMachine()
        machine.stop()

        #expect(machine.nextStep(for: 0, hasWork: true, now: .at(.zero)) == .work)
        machine.disconnected(0)
        #expect(machine.nextStep(for: 0, hasWork: true, now: .at(.zero)) == .connect)
        _ = machine.connected(0, now: .at(.zero))
        #expect(machine.nextStep(for: 0, hasWork: true, now: .at(.zero)) == .work)
        #expect(machine.nextStep(for: 0, hasWork: false, now: .at(.zero)) == .stop)
    }

    @Test func `stopping abandons the work when the database is away`() {
        var machine = machine()
        _ = machine.nextStep(for: 0, hasWork: true, now: .at(.zero))
        machine.connectingFailed(0, now: .at(.zero))

        machine.stop()

        #expect(machine.nextStep(for: 0, hasWork: true, now: .at(.zero)) == .stop)
        #expect(machine.nextStep(for: 1, hasWork: true, now: .at(.zero)) == .stop)
    }

    @Test func `stopping leaves no slot waiting for a probe that may fail`() {
        var machine = connectedMachine(size: 3)
        machine.disconnected(1)
        machine.disconnected(2)
        _ = machine.nextStep(for: 0, hasWork: true, now: .at(.zero))
        _ = machine.nextStep(for: 1, hasWork: true, now: .at(.zero))
        machine.connectingFailed(1, now: .at(.zero))
        #expect(machine.nextStep(for: 1, hasWork: true, now: .at(.seconds(1))) == .connect)

        machine.stop()

        guard case .rest(.some) = machine.nextStep(for: 2, hasWork: true, now: .at(.seconds(1))) else {
            Issue.record("no event would wake this slot if the probe failed")
            return
        }
    }

    @Test func `a stopped slot stays stopped when its connection is reported lost`() {
        var machine = connectedMachine(size: 1)
        machine.stop()
        _ = machine.nextStep(for: 0, hasWork: false, now: .at(.zero))

        machine.disconnected(0)

        #expect(machine.slots == [.stopped])
    }
}
