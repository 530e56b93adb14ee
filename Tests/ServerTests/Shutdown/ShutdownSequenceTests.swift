import Glibc
import Testing

@testable import connvo_server

/// What signals do, without a process.
@Suite struct ShutdownSequenceTests {
    private let start = ContinuousClock.now

    private func sequence(serving: Bool = true) -> ShutdownSequence {
        var sequence = ShutdownSequence(limit: .seconds(25))
        if serving { _ = sequence.serve() }
        return sequence
    }

    @Test(arguments: [SIGTERM, SIGINT], [SIGTERM, SIGINT])
    func `the first begins a shutdown, the second ends the process`(first: Int32, second: Int32) {
        var sequence = sequence()
        #expect(sequence.deadline == nil)
        #expect(sequence.receive(first, at: start) == .shutDown)
        #expect(sequence.deadline == start + .seconds(25))
        #expect(sequence.receive(second, at: start + .seconds(24)) == .end(exitCode: 128 + second))
        #expect(sequence.deadline == start + .seconds(25))
    }

    @Test(arguments: [SIGTERM, SIGINT])
    func `before there is anything to finish the first ends the process`(signal: Int32) {
        var sequence = sequence(serving: false)
        #expect(sequence.receive(signal, at: start) == .end(exitCode: 128 + signal))
    }

    @Test(arguments: [SIGUSR1, SIGUSR2])
    func `the others change nothing in any phase, and are said once`(signal: Int32) {
        var sequence = sequence(serving: false)
        #expect(sequence.receive(signal, at: start) == .nothing)
        let isReloadWanted = sequence.serve()
        #expect(!isReloadWanted)
        #expect(sequence.receive(signal, at: start) == .sayIgnored)
        #expect(sequence.receive(signal, at: start) == .nothing)
        #expect(sequence.receive(SIGTERM, at: start) == .shutDown)
        #expect(sequence.receive(signal, at: start + .seconds(1)) == .nothing)
        #expect(sequence.deadline == start + .seconds(25))
    }

    @Test func `SIGHUP reloads each time, is kept until the process serves, and changes nothing in a shutdown`() {
        var sequence = sequence(serving: false)
        #expect(sequence.receive(SIGHUP, at: start) == .nothing)
        let isReloadWanted = sequence.serve()
        #expect(isReloadWanted)
        for _ in 0..<3 { #expect(sequence.receive(SIGHUP, at: start) == .reload) }
        #expect(sequence.deadline == nil)
        #expect(sequence.receive(SIGTERM, at: start) == .shutDown)
        #expect(sequence.receive(SIGHUP, at: start + .seconds(1)) == .sayIgnored)
        #expect(sequence.receive(SIGHUP, at: start + .seconds(1)) == .nothing)
        #expect(sequence.deadline == start + .seconds(25))
    }
}
