import Glibc
import Synchronization
import TestSupport
import Testing

@testable import PostgreSQL

@Suite struct SQLStateTests {
    @Test func `a class matches its codes, and a code only itself`() {
        let code = SQLState(rawValue: "23505")

        #expect(SQLState.integrityConstraintViolation ~= code)
        #expect(SQLState.uniqueViolation ~= code)
        #expect(!(SQLState.checkViolation ~= code))
        #expect(!(SQLState.dataException ~= code))
        #expect(!(SQLState.uniqueViolation ~= .integrityConstraintViolation))
    }
}

@Suite struct DatabaseErrorTests {
    @Test func `the description omits the detail, which quotes rows`() {
        var error = DatabaseError(.server, "duplicate key", sqlState: .uniqueViolation, statement: "users.insert")
        error.detail = "Key (email)=(alice@example.com) already exists."

        #expect("\(error)" == "duplicate key (SQLSTATE 23505) in users.insert")
    }
}

@Suite struct DeadlineTests {
    @Test func `the time left is rounded up, so that poll does not return too early`() {
        #expect((1...2).contains(Deadline.after(.milliseconds(1)).millisecondsLeft))
        #expect(Deadline.after(.zero).millisecondsLeft == 0)
        #expect(Deadline.after(.seconds(-5)).millisecondsLeft == 0)
        #expect(Deadline.never.millisecondsLeft == .max)
    }

    @Test func `a deadline has passed at its instant`() {
        #expect(Deadline.after(.zero).hasPassed)
        #expect(!Deadline.never.hasPassed)
    }
}

@Suite struct WakeDescriptorTests {
    @Test func `an earlier signal ends the wait at once`() async throws {
        let wake = try WakeDescriptor()
        wake.signal()

        let took = try await onOwnThread { ContinuousClock().measure { wake.wait(until: .soon) } }

        #expect(took < .seconds(20))
    }

    @Test func `a wait consumes all earlier signals`() async throws {
        let wake = try WakeDescriptor()
        // More than fits into a pipe: none of these may block.
        for _ in 0..<200_000 { wake.signal() }

        try await onOwnThread {
            wake.wait(until: .soon)
            let took = ContinuousClock().measure { wake.wait(until: .after(.milliseconds(30))) }
            #expect(took >= .milliseconds(30))
        }
    }

    @Test func `signals that no wait has consumed cost one byte`() throws {
        let wake = try WakeDescriptor()

        for _ in 0..<1000 { wake.signal() }

        var bytes = [UInt8](repeating: 0, count: 2000)
        #expect(read(wake.fileDescriptor, &bytes, bytes.count) == 1)
    }

    @Test func `a signal that comes while a wait ends is not lost`() async throws {
        let (wake, heard) = (try WakeDescriptor(), try WakeDescriptor())
        let told = Atomic<Int>(0)
        let rounds = 5000

        try await onOwnThread {
            let teller = try DedicatedThread(name: "teller") {
                for round in 1...rounds {
                    // The second one falls into the wait that the first one ends.
                    for number in [2 * round - 1, 2 * round] {
                        told.store(number, ordering: .relaxed)
                        wake.signal()
                    }
                    heard.wait(until: .soon)
                }
            }
            var last = 0
            while last < 2 * rounds {
                let deadline = Deadline.soon
                wake.wait(until: deadline)
                if deadline.hasPassed { break }
                last = told.load(ordering: .relaxed)
                if last.isMultiple(of: 2) { heard.signal() }
            }
            teller.join()
            #expect(last == 2 * rounds)
        }
    }

    @Test func `input on the other descriptor is reported`() async throws {
        let wake = try WakeDescriptor()
        let other = try WakeDescriptor()
        other.signal()

        let hasInput = try await onOwnThread { wake.wait(until: .soon, alsoFor: other.fileDescriptor) }

        #expect(hasInput)
    }
}

@Suite struct DedicatedThreadTests {
    @Test func `join waits for the end of the body`() async throws {
        let gate = try WakeDescriptor()

        try await onOwnThread {
            let steps = Mutex<[String]>([])
            let thread = try DedicatedThread(name: "a name longer than fifteen") {
                gate.wait(until: .soon)
                steps.withLock { $0.append("body") }
            }
            gate.signal()
            thread.join()
            steps.withLock { $0.append("joined") }
            #expect(steps.withLock { $0 } == ["body", "joined"])
        }
    }
}
