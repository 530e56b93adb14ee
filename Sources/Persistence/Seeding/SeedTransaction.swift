internal import PostgreSQL

/// One attempt to seed: everything between BEGIN and COMMIT or ROLLBACK. See ``Seeder``.
struct SeedTransaction {
    let batch: SeedBatch
    let options: SeedOptions
    /// What is wrong with the files already; the database adds its part, and nothing is written.
    let foundProblems: SeedProblems
    let deadline: Deadline
    let report: (SeedEvent) -> Void

    /// Kinds with temporary tables, those with rows that others bring along among them.
    private var stagedKinds: Set<SeedKind> {
        let kinds = Set(SeedKind.allCases.filter { batch.count($0) > 0 }).union(options.pruned)
        return kinds.union(
            SeedKind.allCases.filter { kind in
                kind.definition.derivedRows.map { kinds.contains($0.source) } ?? false
            }
        )
    }

    func run(on connection: inout Connection) throws(SeedFailure) -> SeedSummary {
        try step("beginning") { () throws(DatabaseError) in
            let begin = options.isDryRun ? SeedStatements.beginDryRun : SeedStatements.begin
            try connection.executeScript(begin, deadline: deadline)
        }
        if !options.isDryRun {
            try SeedLock.acquire(patience: options.patience, on: &connection) { report(.waiting($0)) }
        }
        let tables = try stage(on: &connection)
        let counts = try step("counting") { () throws(DatabaseError) in
            try count(tables, on: &connection)
        }
        let problems = try step("checking") { () throws(DatabaseError) in
            try check(tables, counts, on: &connection)
        }
        guard problems.isEmpty else { throw .invalid(problems) }

        if options.reportsChanges {
            for table in tables where counts[table.kind]?.changesNothing == false {
                try step("comparing \(table.kind.rawValue)") { () throws(DatabaseError) in
                    try reportDifference(of: table, on: &connection)
                }
            }
        }
        if !options.isDryRun {
            try announceRemovals(counts)
            try write(tables, counts, on: &connection)
        }
        try step(options.isDryRun ? "rolling back" : "committing") { () throws(DatabaseError) in
            if options.isDryRun {
                _ = try connection.execute(.rollback, deadline: deadline)
            } else {
                try connection.commit(deadline: deadline)
            }
        }
        var summary = SeedSummary()
        summary.counts = counts.filter { kind, counts in batch.count(kind) > 0 || !counts.changesNothing }
        return summary
    }

    /// Says what is about to be removed, and ends the seed where that is more than was confirmed.
    private func announceRemovals(_ counts: [SeedKind: SeedSummary.Counts]) throws(SeedFailure) {
        let removals = counts.mapValues(\.removed).filter { $0.value > 0 }
        guard !removals.isEmpty else { return }
        if let confirmed = options.confirmedRemovals, removals.contains(where: { $0.value > confirmed[$0.key] ?? 0 }) {
            throw .unconfirmed(removals)
        }
        report(.removing(removals))
    }

    /// Says in which step the database failed.
    private func step<Value>(
        _ name: String,
        _ body: () throws(DatabaseError) -> Value
    ) throws(SeedFailure) -> Value {
        do {
            return try body()
        } catch {
            throw .database(step: name, error: error)
        }
    }

    private func progress(_ step: String, _ done: Int, of total: Int) {
        report(.progress(step: step, done: done, total: total))
    }
}

// MARK: - Staging

extension SeedTransaction {
    private func stage(on connection: inout Connection) throws(SeedFailure) -> [SeedTable] {
        let defaults = try step("reading column defaults") { () throws(DatabaseError) in
            try columnDefaults(on: &connection)
        }
        let stagedKinds = stagedKinds
        let tables = SeedKind.allCases.filter { stagedKinds.contains($0) }.map {
            SeedTable(kind: $0, defaults: defaults[$0] ?? [:], stagedKinds: stagedKinds, prunedKinds: options.pruned)
        }
        var loaded = 0
        for table in tables {
            try step("loading \(table.kind.rawValue)") { () throws(DatabaseError) in
                try load(table, after: loaded, on: &connection)
            }
            loaded += batch.count(table.kind)
        }
        return tables
    }

    func columnDefaults(on connection: inout Connection) throws(DatabaseError) -> [SeedKind: [String: String]] {
        var defaults: [SeedKind: [String: String]] = [:]
        for row in try connection.execute(SeedStatements.defaults, deadline: deadline).rows {
            guard let kind = SeedKind(rawValue: try row.decode(0)) else { continue }
            let column = try row.decode(1, as: String.self)
            defaults[kind, default: [:]][column] = try row.decode(2, as: String.self)
        }
        return defaults
    }

    private func load(
        _ table: SeedTable,
        after loaded: Int,
        on connection: inout Connection
    ) throws(DatabaseError) {
        try connection.executeScript(table.createStaged, deadline: deadline)
        let pieces = batch.chunkCount(table.kind)
        let rows = batch.count(table.kind)
        var next = 0
        try connection.copyIn(table.copyStaged, deadline: deadline) {
            guard next < pieces else { return nil }
            defer { next += 1 }
            progress("loading \(table.kind.rawValue)", loaded + rows * next / pieces, of: batch.count)
            return batch.chunk(next, of: table.kind)
        }
        var statements = [table.addDerivedRows, table.analyzeStaged].compactMap { $0 }
        statements += table.findIDs
        statements += [table.createDesired, table.analyzeDesired]
        if table.isPruned { statements += [table.createPruned, table.analyzePruned] }
        try run(statements, on: &connection)
    }

    private func run(_ statements: [String], on connection: inout Connection) throws(DatabaseError) {
        for statement in statements { try connection.executeScript(statement, deadline: deadline) }
    }

    private func count(
        _ tables: [SeedTable],
        on connection: inout Connection
    ) throws(DatabaseError) -> [SeedKind: SeedSummary.Counts] {
        var counts: [SeedKind: SeedSummary.Counts] = [:]
        for table in tables {
            let result = try connection.execute(table.count, deadline: deadline)
            guard let row = result.rows.first else {
                throw DatabaseError(.unexpected, "no row", statement: result.statement)
            }
            let inserted = Int(try row.decode(0, as: Int64.self))
            let changed = Int(try row.decode(1, as: Int64.self))
            let total = Int(try row.decode(2, as: Int64.self))
            counts[table.kind] = SeedSummary.Counts(
                inserted: inserted,
                changed: changed,
                unchanged: total - inserted - changed,
                removed: Int(try row.decode(3, as: Int64.self))
            )
        }
        return counts
    }
}

// MARK: - Checking

extension SeedTransaction {
    private func check(
        _ tables: [SeedTable],
        _ counts: [SeedKind: SeedSummary.Counts],
        on connection: inout Connection
    ) throws(DatabaseError) -> SeedProblems {
        let touched = tables.filter { table in
            counts[table.kind].map { $0.inserted + $0.changed > 0 } ?? false
        }
        let complete = Set(SeedKind.allCases).subtracting(batch.incompleteKinds)
        var checks = try constraintChecks(touched, on: &connection)
        for table in tables {
            if batch.count(table.kind) > 1 { checks.append(table.keyCheck) }
            let isTouched = touched.contains { $0.kind == table.kind }
            if isTouched || !options.pruned.isEmpty { checks += table.referenceChecks(complete: complete) }
            if isTouched { checks += table.uniqueChecks + [table.overlapCheck].compactMap { $0 } }
        }
        var problems = foundProblems
        for (index, check) in checks.enumerated() {
            progress("checking \(check.kind.rawValue)", index, of: checks.count)
            try check.ask(about: batch, deadline: deadline, on: &connection, adding: &problems)
        }
        // What would be left over is known only when everything could be read.
        guard foundProblems.isEmpty else { return problems }
        for table in tables where options.pruned.contains(table.kind) {
            for check in table.pruningChecks {
                progress("checking what to remove", checks.count, of: checks.count)
                try check.ask(deadline: deadline, on: &connection, adding: &problems)
            }
        }
        return problems
    }

    func constraintChecks(
        _ tables: [SeedTable],
        on connection: inout Connection
    ) throws(DatabaseError) -> [SeedCheck] {
        guard !tables.isEmpty else { return [] }
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

// MARK: - The difference

extension SeedTransaction {
    /// How long the server may take for a piece of the difference.
    private static let pieceTimeout = Duration.seconds(600)

    private func reportDifference(of table: SeedTable, on connection: inout Connection) throws(DatabaseError) {
        try each(table.changes, on: &connection) { (row) throws(DatabaseError) in try change(row, of: table.kind) }
        guard table.isPruned else { return }
        try each(table.removals, on: &connection) { (row) throws(DatabaseError) in try removal(row, of: table.kind) }
    }

    private func each(
        _ cursor: Cursor,
        on connection: inout Connection,
        _ change: (Row) throws(DatabaseError) -> SeedChange
    ) throws(DatabaseError) {
        var cursor = cursor
        try cursor.open(deadline: .after(Self.pieceTimeout), on: &connection)
        while let result = try cursor.next(deadline: .after(Self.pieceTimeout), on: &connection) {
            for row in result.rows { report(.change(try change(row))) }
        }
    }

    /// Decodes a row of ``SeedTable/changes``.
    private func change(_ row: Row, of kind: SeedKind) throws(DatabaseError) -> SeedChange {
        let isNew = try row.decode(0, as: Bool.self)
        let given = try row.decode(1, as: Int32.self)
        let id = kind.index(of: "id")
        return SeedChange(
            verb: isNew ? .insert : .change,
            kind: kind,
            values: try row.seedValues(of: kind, from: 2),
            formerValues: isNew ? [] : try row.seedValues(of: kind, from: 2 + kind.columns.count),
            hasLastingKey: !isNew || id.map { given & (1 << $0) != 0 } ?? true
        )
    }

    /// Decodes a row of ``SeedTable/removals``.
    private func removal(_ row: Row, of kind: SeedKind) throws(DatabaseError) -> SeedChange {
        var values: [SeedValue] = []
        var next = 0
        for column in kind.columns {
            let isKey = kind.key.contains(column.name)
            values.append(isKey ? try row.seedValue(next, of: column) : .absent)
            if isKey { next += 1 }
        }
        return SeedChange(verb: .remove, kind: kind, values: values, formerValues: [], hasLastingKey: true)
    }
}

// MARK: - Writing

extension SeedTransaction {
    /// Values are given up first, then everything is written with parents before children, then removed with children
    /// before parents: in each of these moments every reference leads somewhere.
    private func write(
        _ tables: [SeedTable],
        _ counts: [SeedKind: SeedSummary.Counts],
        on connection: inout Connection
    ) throws(SeedFailure) {
        let removing = tables.reversed().filter { (counts[$0.kind]?.removed ?? 0) > 0 }
        let steps = tables.count + removing.count
        var written: Set<SeedKind> = []
        for (index, table) in tables.enumerated() {
            let counts = counts[table.kind] ?? SeedSummary.Counts()
            let isDerivedFromWritten = table.kind.definition.derivedRows.map { written.contains($0.source) } ?? false
            guard counts.inserted + counts.changed > 0 || isDerivedFromWritten else { continue }
            progress("writing \(table.kind.rawValue)", index, of: steps)
            try step("writing \(table.kind.rawValue)") { () throws(DatabaseError) in
                var statements: [String] = []
                // The trigger has made and changed rows; what the files say comes on top of that.
                if isDerivedFromWritten {
                    statements += [table.dropDesired, table.createDesired, table.analyzeDesired]
                }
                if counts.changed + counts.removed > 0 { statements += table.release }
                if counts.changed > 0 || isDerivedFromWritten { statements.append(table.update) }
                if counts.inserted > 0 { statements.append(table.insert) }
                try run(statements, on: &connection)
            }
            written.insert(table.kind)
        }
        for (index, table) in removing.enumerated() {
            progress("removing \(table.kind.rawValue)", tables.count + index, of: steps)
            try step("removing \(table.kind.rawValue)") { () throws(DatabaseError) in
                try run([table.removePruned], on: &connection)
            }
        }
    }
}
