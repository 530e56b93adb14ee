package import Domain
package import PostgreSQL
internal import Synchronization

/// Looks at the database once a second, on a thread and a connection of its own, and keeps partitions ahead.
///
/// Readiness answers from what it saw last, so that a probe never waits for the database.
package final class DatabaseMonitor: Sendable {
    private let target: ReplaceableTarget
    private let migrations: [MigrationName]
    private let preparesStatements: Bool
    private let timeLimit: Duration
    private let now: (@Sendable () -> Timestamp)?
    private let report: @Sendable (Event) -> Void
    private let wake: WakeDescriptor
    private let state = Mutex(State())
    private let thread = Mutex<DedicatedThread?>(nil)

    package enum Event: Sendable {
        case healthChanged(DatabaseHealth)
        case partitionsMade([String])
        case partitionsFailed(DatabaseError)
        /// No connection has been made yet, and none will be with these settings. The monitor has stopped looking.
        case refused(DatabaseError)
    }

    private struct State: Sendable {
        var health = DatabaseHealth(.unknown)
        var figures = DatabaseFigures()
        var isStopping = false
        var hasConnected = false
        /// Connections whose command was given up, each with a backend that the server has not freed.
        var abandoned = 0
        var serverFellSilent: ContinuousClock.Instant?
        /// Whether prepared statements of other connections were met, as behind a pooler in transaction mode.
        var sharesSessions = false
    }

    private static var interval: Duration { .seconds(1) }
    /// The most commands that are given up and not ended. A look that waits for a lock would leave one every second.
    private static var maximumAbandoned: Int { 2 }
    private static var partitionInterval: Duration { .seconds(24 * 3600) }
    private static var figuresInterval: Duration { .seconds(15) }

    /// - Parameters:
    ///   - timeLimit: How long connecting, and one look, may take before the database counts as unreachable.
    ///   - now: This process's clock, which each look compares with the database's; nil compares none.
    /// - Throws: ``DatabaseError`` when the process has no descriptors left.
    package init(
        target: ConnectionTarget,
        migrations: [MigrationName],
        preparesStatements: Bool,
        timeLimit: Duration = .seconds(1),
        now: (@Sendable () -> Timestamp)? = nil,
        report: @escaping @Sendable (Event) -> Void
    ) throws(DatabaseError) {
        self.target = ReplaceableTarget(target)
        self.migrations = migrations
        self.preparesStatements = preparesStatements
        self.timeLimit = timeLimit
        self.now = now
        self.report = report
        wake = try WakeDescriptor()
    }

    /// What was seen last.
    package var health: DatabaseHealth {
        state.withLock { $0.health }
    }

    /// What was measured last. Kept while the database cannot be reached.
    package var figures: DatabaseFigures {
        state.withLock { $0.figures }
    }

    /// Looks at another target from now on.
    package func replaceTarget(with new: ConnectionTarget) {
        target.replace(with: new)
        wake.signal()
    }

    /// When the server was found last not to answer: a look or an attempt to connect got no answer, and the server
    /// could not be connected to again.
    package var serverFellSilent: ContinuousClock.Instant? {
        state.withLock { $0.serverFellSilent }
    }

    /// Looks now and does not wait for the next second. Returns at once.
    package func lookSoon() {
        wake.signal()
    }

    /// Starts looking.
    ///
    /// - Throws: ``DatabaseError`` when the system gives no thread.
    package func start() throws(DatabaseError) {
        let thread = try DedicatedThread(name: "db-monitor") { [self] in run() }
        self.thread.withLock { $0 = thread }
    }

    /// Stops looking. Blocks until the thread has ended.
    package func stop() {
        state.withLock { $0.isStopping = true }
        wake.signal()
        thread.withLock { thread in
            defer { thread = nil }
            return thread
        }?.join()
    }

    private func run() {
        var connection: Connection?
        var generation = 0
        var partitionsDue = ContinuousClock.now
        var figuresDue = ContinuousClock.now
        // The last look, which got no answer, and its server.
        var unanswered: (command: AbandonedCommand, server: String)?
        while !state.withLock({ $0.isStopping }) {
            guard state.withLock({ $0.abandoned < Self.maximumAbandoned }) else {
                wake.wait(until: .after(Self.interval))
                continue
            }
            var open: Connection
            do {
                if generation != target.generation { connection = nil }
                if let kept = connection.take() {
                    open = kept
                } else {
                    let (target, current) = target.current
                    generation = current
                    open = try connect(to: target)
                }
            } catch {
                if error.kind == .timedOut || unanswered != nil { noteSilence() }
                unanswered = nil
                note(DatabaseHealth(error))
                // Later a password may be new on one side only, which passes.
                if error.refusal != nil, !state.withLock({ $0.hasConnected }) { return report(.refused(error)) }
                wake.wait(until: .after(Self.interval))
                continue
            }
            state.withLock { $0.hasConnected = true }
            if let last = unanswered.take() {
                guard last.server != open.server else {
                    giveUp(last.command)
                    connection = consume open
                    wake.wait(until: .after(Self.interval))
                    continue
                }
                // A server that does not answer at all is not asked to end anything, which would take minutes.
                noteSilence()
            }
            let health: DatabaseHealth
            do {
                health = try look(on: &open)
            } catch {
                if open.preparesStatements, error.sqlState?.isOfSharedSession == true {
                    state.withLock { $0.sharesSessions = true }
                    continue
                }
                health = DatabaseHealth(error)
                if error.kind == .timedOut {
                    note(health)
                    open.noteSilence(in: target.current.target)
                    let server = open.server
                    unanswered = (AbandonedCommand(open), server)
                    // Whether the server answers at all is found out at once.
                    continue
                }
            }
            note(health)
            if health.allowsMaintenance, partitionsDue <= .now || health.lacksPartitions {
                if ensurePartitions(on: &open) { partitionsDue = .now + Self.partitionInterval }
            }
            if health.allowsMaintenance, figuresDue <= .now {
                measure(on: &open)
                figuresDue = .now + Self.figuresInterval
            }
            if open.isIdle {
                connection = consume open
            } else if open.isOpen {
                giveUp(AbandonedCommand(open))
            }
            wake.wait(until: .after(Self.interval))
        }
    }

    private func noteSilence() {
        state.withLock { $0.serverFellSilent = .now }
    }

    /// Makes the server end a command that took too long, on a thread of its own, because that blocks.
    private func giveUp(_ command: AbandonedCommand) {
        state.withLock { $0.abandoned += 1 }
        let thread = try? DedicatedThread(name: "monitor-cancel") { [self] in
            command.cancelUntilEnded { state.withLock { $0.isStopping } }
            state.withLock { $0.abandoned -= 1 }
        }
        if thread == nil { state.withLock { $0.abandoned -= 1 } }
    }

    private func connect(to target: ConnectionTarget) throws(DatabaseError) -> Connection {
        try Connection.open(
            target,
            preparesStatements: preparesStatements && !state.withLock { $0.sharesSessions },
            deadline: .after(timeLimit),
            isCancelled: { state.withLock { $0.isStopping } }
        )
    }

    private func note(_ health: DatabaseHealth) {
        let changed = state.withLock { state in
            defer { state.health = health }
            return state.health != health
        }
        if changed { report(.healthChanged(health)) }
    }

    private func look(on connection: inout Connection) throws(DatabaseError) -> DatabaseHealth {
        let deadline = Deadline.after(timeLimit)
        let access = try connection.executeTogether(
            [
                Command(AccessStatements.rowSecurity), Command(AccessStatements.missingPrivileges),
                Command(AccessStatements.excessiveRights),
            ],
            deadline: deadline
        )
        let hidden = try AccessStatements.decode(access[0])
        guard hidden.isEmpty else { return DatabaseHealth(.rowSecurity(hidden)) }
        let missing = try AccessStatements.decode(access[1])
        guard missing.isEmpty else { return DatabaseHealth(.privilegesMissing(missing)) }
        let compatibility = try SchemaCompatibility.read(known: migrations, deadline: deadline, on: &connection)
        guard compatibility.isUsable else { return DatabaseHealth(.schema(compatibility)) }
        let results = try connection.executeTogether(
            [
                Command(MonitorStatements.isReadOnly), Command(MonitorStatements.missingPartitions),
                Command(MonitorStatements.unprotectedRecords),
            ],
            deadline: deadline
        )
        if try MonitorStatements.decodeIsReadOnly(results[0]) { return DatabaseHealth(.readOnly) }
        let months = try MonitorStatements.decodeNames(results[1])
        guard months.isEmpty else { return DatabaseHealth(.partitionsMissing(months)) }
        let lacks = try MonitorStatements.decodeNames(results[2])
        guard lacks.isEmpty else { return DatabaseHealth(.recordsUnprotected(lacks)) }
        let clock = try compareClocks(deadline: deadline, on: &connection)
        if let clock, clock.verdict == .notReady { return DatabaseHealth(.clock(clock.direction)) }
        var newer: [String] = []
        if case .newer(let names) = compatibility { newer = names }
        let warning = clock?.verdict == .warning ? clock?.direction : nil
        return DatabaseHealth(
            .ready,
            newerMigrations: newer,
            clockWarning: warning,
            excessiveRights: try AccessStatements.decode(access[2]).first
        )
    }

    private func compareClocks(
        deadline: Deadline,
        on connection: inout Connection
    ) throws(DatabaseError) -> ClockDifference? {
        guard let now else { return nil }
        let asked = now()
        let answer = try connection.execute(ClockDifference.statement, deadline: deadline)
        let answered = now()
        let difference = ClockDifference(
            asked: asked,
            database: try ClockDifference.decodeDatabaseTime(answer),
            answered: answered
        )
        state.withLock { $0.figures.clockOffset = difference.offset }
        return difference
    }

    /// Measures what only metrics need. A figure that the login may not read is left out: readiness does not rest on it.
    private func measure(on connection: inout Connection) {
        func read(_ statement: Statement) -> Timestamp? {
            guard let result = try? connection.execute(statement, deadline: .after(timeLimit)) else { return nil }
            return try? DatabaseFigures.decode(result)
        }
        let partitionsUntil = read(DatabaseFigures.partitionsUntilStatement)
        let rolledUpUntil = connection.isIdle ? read(DatabaseFigures.rolledUpUntilStatement) : nil
        state.withLock { state in
            state.figures.partitionsUntil = partitionsUntil
            state.figures.rolledUpUntil = rolledUpUntil
        }
    }

    private func ensurePartitions(on connection: inout Connection) -> Bool {
        do {
            let made = try Partitions.ensure(deadline: .after(.seconds(10)), on: &connection)
            if !made.isEmpty { report(.partitionsMade(made)) }
            return true
        } catch {
            report(.partitionsFailed(error))
            return false
        }
    }
}

extension DatabaseHealth {
    fileprivate var lacksPartitions: Bool {
        if case .partitionsMissing = condition { true } else { false }
    }

    fileprivate var allowsMaintenance: Bool { isReady || lacksPartitions }
}
