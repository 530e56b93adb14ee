internal import Persistence
internal import PostgreSQL
internal import Text

/// Carries checks out: those of the database one after the other on one connection, and meanwhile the others.
///
/// None of them hangs: connecting has a time limit, and so has each check.
struct DoctorExamination: Sendable {
    let settings: DoctorSettings
    let checks: [DoctorCheck]
    var limits = Limits()

    struct Limits: Sendable {
        /// For connecting, names of hosts and sign-in included.
        var connecting: Duration = .seconds(4)
        /// For all statements of one check.
        var check: Duration = .seconds(2)
        /// For connecting and all checks of the database together.
        var database: Duration = .seconds(8)
        /// For a check that asks this machine or the network.
        var other: Duration = .seconds(8)
    }

    /// The findings of each check, in the order of the checks.
    func run() async -> [[Finding]] {
        let ofDatabase = Set(
            checks.indices.filter { index in
                switch checks[index].question {
                case .connection, .database: true
                case .settings, .machine, .network: false
                }
            }
        )
        return await withTaskGroup(of: [Int: [Finding]].self) { group in
            group.addTask {
                await onThreadOfItsOwn(named: "doctor") { examineDatabase(ofDatabase.sorted()) }
            }
            for index in checks.indices where !ofDatabase.contains(index) {
                group.addTask { [index: await examine(checks[index])] }
            }
            var findings: [Int: [Finding]] = [:]
            for await found in group { findings.merge(found) { $1 } }
            return checks.indices.map { findings[$0] ?? [] }
        }
    }

    private func examine(_ check: DoctorCheck) async -> [Finding] {
        switch check.question {
        case .settings(let body):
            return body(settings)
        case .machine(let body):
            return await within(limits.other) {
                await onThreadOfItsOwn(named: "doctor-machine") { body(settings) }
            }
        case .network(let body):
            guard let configuration = settings.configuration else { return [.notChecked("a setting is wrong")] }
            return await within(limits.other) { await body(configuration) }
        case .connection, .database:
            return []
        }
    }

    /// What `body` finds, or that it took too long. Then it goes on, and what it finds is dropped.
    private func within(
        _ limit: Duration,
        _ body: @escaping @Sendable () async -> [Finding]
    ) async -> [Finding] {
        let (answers, answer) = AsyncStream.makeStream(of: [Finding].self)
        let work = Task { answer.yield(await body()) }
        let timer = Task {
            try await Task.sleep(for: limit)
            answer.yield([
                .fault(
                    "no answer within \(limit.components.seconds) s",
                    remedy: "see whether the resolver of names and the file systems answer",
                    status: .unavailable
                )
            ])
        }
        defer {
            work.cancel()
            timer.cancel()
        }
        for await findings in answers { return findings }
        return []
    }

    // MARK: The database

    /// Blocks.
    private func examineDatabase(_ indices: [Int]) -> [Int: [Finding]] {
        guard !indices.isEmpty else { return [:] }
        func all(_ reason: String, _ some: some Sequence<Int>) -> [Int: [Finding]] {
            Dictionary(uniqueKeysWithValues: some.map { ($0, [.notChecked(reason)]) })
        }
        guard let target = settings.database else { return all("DATABASE_URL cannot be used", indices) }
        let start = ContinuousClock.now
        let end = Deadline(start + limits.database)
        func unreached(_ error: DatabaseError) -> [Int: [Finding]] {
            all("no connection to the database", indices.dropFirst())
                .merging([indices[0]: [DoctorCheck.notReached(error)]]) { $1 }
        }
        var connection: Connection
        do {
            // Every statement runs once or twice, so none is prepared; behind a pooler that is a must.
            connection = try Connection.open(
                target,
                preparesStatements: false,
                deadline: .after(limits.connecting)
            )
        } catch {
            return unreached(error)
        }
        var findings: [Int: [Finding]] = [:]
        do {
            let session = try DatabaseDiagnosis.session(deadline: .after(limits.check), on: &connection)
            findings[indices[0]] = [DoctorCheck.reached(session, connection.transport(), in: .now - start)]
        } catch {
            return unreached(error)
        }
        connection.pass(Interruption.ofProcess.gate)
        for index in indices.dropFirst() {
            guard case .database(let body) = checks[index].question else { continue }
            guard connection.isIdle else {
                findings[index] = [.notChecked("an earlier check lost the connection")]
                continue
            }
            let deadline = min(end, .after(limits.check))
            guard !deadline.hasPassed else {
                findings[index] = [.notChecked("the earlier checks took too long")]
                continue
            }
            do {
                let visit = DoctorCheck.DatabaseVisit(settings: settings, deadline: deadline)
                findings[index] = try body(&connection, visit)
            } catch {
                findings[index] = [Self.finding(error)]
            }
        }
        return findings
    }

    /// What an error of a check says.
    static func finding(_ error: any Error) -> Finding {
        guard let error = error as? DatabaseError else { return .fault("\(error)".safe(for: .table), remedy: nil) }
        let text = error.message.safe(for: .table)
        switch error.sqlState {
        case .insufficientPrivilege:
            return .notChecked("this login may not see it (\(text)); GRANT connvo_app TO it")
        case .undefinedTable, .undefinedSchema, .undefinedColumn, .undefinedFunction:
            return .notChecked("the schema is not there (\(text))")
        default:
            if error.kind == .timedOut {
                return .fault(
                    "the database did not answer in time",
                    remedy: "look for locks and load: SELECT * FROM pg_stat_activity",
                    status: .unavailable
                )
            }
            return .fault(
                "\(error)".safe(for: .table),
                remedy: "see the server's log",
                status: error.sqlState == nil ? .unavailable : .failed
            )
        }
    }
}
