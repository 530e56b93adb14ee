/// Makes the database hold what seed files say: declarative, repeatable, all or nothing.
///
/// Everything happens in one transaction: COPY into temporary tables, questions that name every bad row, then one
/// UPDATE and one INSERT for each kind. Blocks its thread.
package enum Seeder {
    /// Bytes that go to the server at a time.
    private static let chunkSize = 64 * 1024

    /// - Parameters:
    ///   - rows: Of any kinds, in any order.
    ///   - connection: One that may read and change the business tables, such as connvo_admin's. Not in a transaction.
    ///   - deadline: For the whole.
    /// - Throws: ``SeedFailure/invalid(_:)`` with every bad row, or ``SeedFailure/database(step:error:)``.
    package static func seed(
        _ rows: [SeedRow],
        on connection: inout Connection,
        deadline: Deadline
    ) throws(SeedFailure) -> SeedSummary {
        let rows = Dictionary(grouping: rows, by: \.kind)
        do {
            return try seed(rows, on: &connection, deadline: deadline)
        } catch {
            // Whatever failed, nothing may stay; a connection that cannot roll back is closed by its owner.
            if connection.isOpen, !connection.isIdle, error.leavesConnectionUsable {
                _ = try? connection.execute(.rollback, deadline: .after(.seconds(30)))
            }
            throw error
        }
    }

    private static func seed(
        _ rows: [SeedKind: [SeedRow]],
        on connection: inout Connection,
        deadline: Deadline
    ) throws(SeedFailure) -> SeedSummary {
        let kinds = SeedKind.allCases.filter { rows[$0] != nil }
        try step("locking the tables") { () throws(DatabaseError) in
            try connection.executeScript(SeedStatements.begin, deadline: deadline)
        }
        let defaults = try step("reading column defaults") { () throws(DatabaseError) in
            try columnDefaults(on: &connection, deadline: deadline)
        }
        let tables = kinds.map { SeedTable(kind: $0, defaults: defaults[$0] ?? [:]) }
        for table in tables {
            try step("loading \(table.kind.rawValue)") { () throws(DatabaseError) in
                try load(rows[table.kind] ?? [], into: table, on: &connection, deadline: deadline)
            }
        }
        let problems = try step("checking") { () throws(DatabaseError) in
            try check(tables, rows: rows, on: &connection, deadline: deadline)
        }
        guard problems.isEmpty else { throw .invalid(problems.sorted()) }

        var summary = SeedSummary()
        for table in tables {
            summary.counts[table.kind] = try step("writing \(table.kind.rawValue)") { () throws(DatabaseError) in
                try write(table, after: summary, on: &connection, deadline: deadline)
            }
        }
        try step("committing") { () throws(DatabaseError) in try connection.commit(deadline: deadline) }
        return summary
    }

    /// Says in which step the database failed.
    private static func step<Value>(
        _ name: String,
        _ body: () throws(DatabaseError) -> Value
    ) throws(SeedFailure) -> Value {
        do {
            return try body()
        } catch {
            throw .database(step: name, error: error)
        }
    }
}

// MARK: - Staging

extension Seeder {
    private static func columnDefaults(
        on connection: inout Connection,
        deadline: Deadline
    ) throws(DatabaseError) -> [SeedKind: [String: String]] {
        var defaults: [SeedKind: [String: String]] = [:]
        for row in try connection.execute(SeedStatements.defaults, deadline: deadline).rows {
            guard let kind = SeedKind(rawValue: try row.decode(0)) else { continue }
            let column = try row.decode(1, as: String.self)
            defaults[kind, default: [:]][column] = try row.decode(2, as: String.self)
        }
        return defaults
    }

    private static func load(
        _ rows: [SeedRow],
        into table: SeedTable,
        on connection: inout Connection,
        deadline: Deadline
    ) throws(DatabaseError) {
        try connection.executeScript(table.createRaw, deadline: deadline)
        var encoder = SeedCopyEncoder()
        var next = 0
        try connection.copyIn(table.copyRaw, deadline: deadline) {
            encoder.removeAll()
            while next < rows.count, encoder.bytes.count < chunkSize {
                encoder.append(rows[next], number: next)
                next += 1
            }
            return encoder.bytes.isEmpty ? nil : encoder.bytes
        }
        try connection.executeScript(table.prepareRaw, deadline: deadline)
        try connection.executeScript(table.createFinal, deadline: deadline)
    }
}

// MARK: - Checking

extension Seeder {
    private static func check(
        _ tables: [SeedTable],
        rows: [SeedKind: [SeedRow]],
        on connection: inout Connection,
        deadline: Deadline
    ) throws(DatabaseError) -> [SeedProblem] {
        let staged = Set(tables.map(\.kind))
        var checks = try constraintChecks(tables, on: &connection, deadline: deadline)
        for table in tables {
            checks += table.referenceChecks(staged: staged) + table.uniqueChecks + table.overlapChecks
        }
        var problems: [SeedProblem] = []
        for check in checks {
            problems += try check.problems(among: rows[check.kind] ?? [], on: &connection, deadline: deadline)
        }
        return problems
    }

    private static func constraintChecks(
        _ tables: [SeedTable],
        on connection: inout Connection,
        deadline: Deadline
    ) throws(DatabaseError) -> [SeedCheck] {
        var checks: [SeedCheck] = []
        for row in try connection.execute(SeedStatements.constraints, deadline: deadline).rows {
            let name = try row.decode(0, as: String.self)
            guard let table = tables.first(where: { $0.kind.rawValue == name }) else { continue }
            let columns = try (row.decodeIfPresent(2, as: String.self) ?? "").split(separator: ",").map(String.init)
            // A CHECK of a column that files cannot set is left to the database.
            guard columns.allSatisfy({ table.kind.index(of: $0) != nil }) else { continue }
            checks.append(
                table.constraintCheck(name: try row.decode(1), columns: columns, expression: try row.decode(3))
            )
        }
        return checks
    }
}

// MARK: - Writing

extension Seeder {
    private static func write(
        _ table: SeedTable,
        after summary: SeedSummary,
        on connection: inout Connection,
        deadline: Deadline
    ) throws(DatabaseError) -> SeedSummary.Counts {
        // Writing a meeting makes its organizer a host by trigger; what the files say comes on top of that.
        let meetings = summary.counts[.meetings] ?? SeedSummary.Counts()
        if table.kind == .meetingParticipants, meetings.inserted + meetings.changed > 0 {
            try connection.executeScript(table.recreateFinal, deadline: deadline)
        }
        let result = try connection.execute(table.count, deadline: deadline)
        guard let row = result.rows.first else {
            throw DatabaseError(.unexpected, "no row", statement: result.statement)
        }
        let inserted = Int(try row.decode(0, as: Int64.self))
        let changed = Int(try row.decode(1, as: Int64.self))
        let total = Int(try row.decode(2, as: Int64.self))
        if let park = table.park, changed > 0 {
            try connection.executeScript(park, deadline: deadline)
        }
        if inserted + changed > 0 {
            try connection.executeScript(table.write, deadline: deadline)
        }
        return SeedSummary.Counts(inserted: inserted, changed: changed, unchanged: total - inserted - changed)
    }
}

extension SeedFailure {
    /// Whether the connection can still be used, for a rollback.
    fileprivate var leavesConnectionUsable: Bool {
        switch self {
        case .invalid: true
        case .database(_, let error): error.leavesConnectionUsable
        }
    }
}
