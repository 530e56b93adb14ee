internal import Domain
internal import Glibc
internal import PostgreSQL

/// One connection and the thread that owns it.
struct IssuanceWorker: ~Copyable {
    private typealias Entry = IssuanceEngine.Scheduler.Entry

    private let slot: Int
    private let engine: IssuanceEngine
    private let configuration: IssuanceConfiguration
    private let transaction: IssuanceTransaction
    private let wake: WakeDescriptor
    private let report: @Sendable (IssuanceEvent) -> Void
    private let target: ReplaceableTarget
    private var connection: Connection?
    /// Of the target that the connection was opened with.
    private var generation = 0
    /// Kept, because each that is made asks the system for its numbers.
    private var random = BufferedRandomNumberGenerator()
    /// How what was done since the engine was asked last has ended.
    private var last = IssuanceEngine.Scheduler.LastWork.none

    init(
        slot: Int,
        engine: IssuanceEngine,
        configuration: IssuanceConfiguration,
        terms: SlotTerms,
        target: ReplaceableTarget,
        wake: WakeDescriptor,
        report: @escaping @Sendable (IssuanceEvent) -> Void
    ) {
        self.slot = slot
        self.engine = engine
        self.configuration = configuration
        self.transaction = IssuanceTransaction(configuration: configuration, terms: terms)
        self.target = target
        self.wake = wake
        self.report = report
    }

    /// Does what the engine says until it says stop. Runs on the worker's thread.
    consuming func run() {
        while true {
            if connection != nil, generation != target.generation {
                connection = nil
                engine.disconnected(slot)
            }
            let action = engine.nextAction(for: slot, last: last)
            last = .none
            switch action {
            case .connect: connect()
            case .disconnect: connection = nil
            case .work(let batch): work(batch)
            case .probeCommit: probeCommit()
            case .rest(let instant): rest(until: instant)
            case .stop: return
            }
        }
    }

    private mutating func connect() {
        do {
            let (target, generation) = target.current
            self.generation = generation
            var opened = try Connection.open(
                target,
                preparesStatements: configuration.preparesStatements && !engine.sharesSessions,
                deadline: .after(configuration.connectTimeout),
                isCancelled: { [engine] in engine.isFinished }
            )
            opened.serverFellSilent = configuration.serverFellSilent
            connection = consume opened
            report(.connected(slot: slot))
            engine.connected(slot)
        } catch {
            report(.connectingFailed(slot: slot, error))
            engine.connectingFailed(slot)
        }
    }

    /// Waits to be woken, and notices when the server hangs up meanwhile.
    private mutating func rest(until instant: ContinuousClock.Instant?) {
        let socket = connection?.socket ?? -1
        let hasInput = wake.wait(until: instant.map { Deadline($0) } ?? .never, alsoFor: socket)
        guard hasInput, let isAlive = connection?.drainUnasked(), !isAlive else { return }
        lose(nil)
    }

    private mutating func lose(_ error: DatabaseError?, returning unsent: [Entry] = []) {
        connection = nil
        report(.connectionLost(slot: slot, error))
        engine.disconnected(slot, returning: unsent)
    }

    /// Leaves a connection whose COMMIT was not acknowledged to the engine.
    private func giveUp(_ command: AbandonedCommand, after error: DatabaseError) {
        report(.connectionLost(slot: slot, error))
        engine.commitGivenUp(slot, command)
    }

    private mutating func probeCommit() {
        guard var connection = connection.take() else { return lose(nil) }
        do {
            let deadline = Deadline.after(configuration.commitProbeTimeout)
            try transaction.probeCommit(deadline: deadline, on: &connection)
            last = .committed
            self.connection = consume connection
        } catch  where error.kind == .timedOut {
            giveUp(AbandonedCommand(connection), after: error)
        } catch {
            switch IssuanceTransactionError(cause: error, commitWasSent: false).consequence {
            case .notRecorded, .commitUnknown:
                return lose(error)
            case .collided, .itemAtFault, .refused:
                guard Self.rollBack(on: &connection) else { return lose(error) }
                // The server refuses what is to be committed, which says nothing about COMMIT: the next requests will
                // find out.
                last = .committed
                self.connection = consume connection
            }
        }
    }

    // MARK: Batches

    /// - Parameter attempt: How often a collision has failed this batch before.
    private mutating func work(_ batch: [Entry], attempt: Int = 0) {
        let wanted = batch.contains { $0.item.isAbandoned } ? batch.filter { !$0.item.isAbandoned } : batch
        guard var deadline = wanted.first?.deadline else { return }
        guard var connection = connection.take() else {
            // The engine gives work only to a slot it knows as connected.
            return lose(nil, returning: wanted)
        }
        // Its statements may be those of others.
        if connection.preparesStatements, engine.sharesSessions { return lose(nil, returning: wanted) }
        do {
            let started = ContinuousClock.now
            // By index, because each copy of an entry costs as much as all that is done with it here.
            var requests: [IssuanceRequest] = []
            requests.reserveCapacity(wanted.count)
            for index in wanted.indices {
                requests.append(wanted[index].item.request)
                deadline = min(deadline, wanted[index].deadline)
            }
            let outcomes = try transaction.run(
                requests,
                deadline: Deadline(deadline),
                using: &random,
                on: &connection
            )
            let took = ContinuousClock.now - started
            let inDatabase = took.nanoseconds
            for index in wanted.indices {
                wanted[index].item.note(queued: wanted[index].waited.nanoseconds, inDatabase: inDatabase)
            }
            report(.committed(size: wanted.count, took: took))
            last = .committed
            engine.noteDecision()
            let completions = wanted.indices.map {
                IssuanceCompletion(pending: wanted[$0].item, outcome: outcomes[$0])
            }
            let rateLimited = completions.filter { if case .rateLimited = $0.outcome { true } else { false } }
            if !rateLimited.isEmpty { engine.withdraw(rateLimited.map(\.pending)) }
            engine.complete(completions)
            self.connection = consume connection
        } catch {
            let isReusable = error.cause.leavesConnectionUsable && Self.rollBack(on: &connection)
            var abandoned: AbandonedCommand?
            if isReusable {
                self.connection = consume connection
            } else if error.leavesCommitWaiting {
                abandoned = AbandonedCommand(connection)
            }
            handle(error, of: wanted, isReusable: isReusable, abandoned: abandoned, attempt: attempt)
        }
    }

    /// Ends a failed transaction. False when the connection cannot be kept.
    private static func rollBack(on connection: inout Connection) -> Bool {
        if connection.isIdle { return true }
        _ = try? connection.execute(.rollback, deadline: .after(.seconds(1)))
        return connection.isIdle
    }

    private mutating func handle(
        _ error: IssuanceTransactionError,
        of batch: [Entry],
        isReusable: Bool,
        abandoned: AbandonedCommand?,
        attempt: Int
    ) {
        let cause = error.cause
        if cause.sqlState?.isOfSharedSession == true { engine.noteSharedSession(cause) }
        if cause.sqlState == .queryCanceled { last = .tookTooLong }
        switch error.consequence {
        case .commitUnknown:
            noteFailure()
            report(.commitUnknown(size: batch.count, cause))
            complete(batch, with: .unavailable(.commitUnknown))
        case .notRecorded:
            // A connection that died while resting is no reason to turn requests away.
            var again: [Entry] = []
            var rest: [Entry] = []
            for entry in batch {
                if entry.item.mayBeTriedAgain() { again.append(entry) } else { rest.append(entry) }
            }
            complete(rest, with: .unavailable(.databaseFailed))
            return lose(cause, returning: again)
        case .collided where isReusable:
            return workAgain(batch, after: cause, attempt: attempt)
        case .collided:
            noteFailure()
            report(.batchFailed(size: batch.count, cause))
            complete(batch, with: .unavailable(.databaseFailed))
        case .itemAtFault where batch.count > 1 && isReusable:
            report(.batchSplit(size: batch.count, cause))
            return workOneByOne(batch)
        case .itemAtFault where batch.count > 1:
            report(.batchFailed(size: batch.count, cause))
            complete(batch, with: .unavailable(.databaseFailed))
        case .itemAtFault:
            for entry in batch { report(.itemFailed(requestID: entry.item.request.requestID, cause)) }
            complete(batch, with: .failed)
        case .refused(let reason):
            noteFailure()
            report(.batchFailed(size: batch.count, cause))
            complete(batch, with: .unavailable(reason))
        }
        if let abandoned {
            giveUp(abandoned, after: cause)
        } else if !isReusable {
            lose(cause)
        }
    }

    /// The batch failed, as far as no part of it was committed.
    private mutating func noteFailure() {
        if last == .none { last = .failed }
    }

    /// Works on `batch` once more after a pause, which doubles with each attempt. What has too little time left is
    /// turned away.
    private mutating func workAgain(_ batch: [Entry], after cause: DatabaseError, attempt: Int) {
        let pause = Duration.milliseconds(5 << min(attempt, 6))
        let wakesAt = ContinuousClock.now + pause
        var again: [Entry] = []
        var late: [Entry] = []
        for entry in batch {
            if entry.deadline - wakesAt >= configuration.batching.minimumTime {
                again.append(entry)
            } else {
                late.append(entry)
            }
        }
        if !late.isEmpty {
            noteFailure()
            report(.batchFailed(size: late.count, cause))
            complete(late, with: .unavailable(.databaseFailed))
        }
        if again.isEmpty { return }
        Deadline(wakesAt).sleep(atMost: pause)
        work(again, attempt: attempt + 1)
    }

    private mutating func workOneByOne(_ batch: [Entry]) {
        for (index, entry) in batch.enumerated() {
            // The connection may break on the way: what is left waits for another one, in its order.
            if connection == nil { return engine.disconnected(slot, returning: Array(batch[index...])) }
            if entry.deadline - .now < configuration.batching.minimumTime {
                engine.turnAway([entry.item], because: .waitedTooLong)
            } else {
                work([entry])
            }
        }
    }

    private func complete(_ batch: [Entry], with outcome: IssuanceOutcome) {
        engine.complete(batch.map { IssuanceCompletion(pending: $0.item, outcome: outcome) })
    }
}
