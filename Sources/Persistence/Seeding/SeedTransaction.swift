internal import PostgreSQL

/// One attempt to seed: everything between BEGIN and COMMIT or ROLLBACK. See ``Seeder``.
struct SeedTransaction {
    let batch: SeedBatch
    let options: SeedOptions
    /// What is wrong with the files already; the database adds its part, and nothing is written.
    let foundProblems: [SeedProblem]
    let deadline: Deadline
    let report: (SeedEvent) -> Void

    /// Kinds with temporary tables. Meetings bring their organizers with them.
    private var staged: Set<SeedKind> {
        var kinds = Set(SeedKind.allCases.filter { batch.count($0) > 0 }).union(options.pruned)
        if kinds.contains(.meetings) { kinds.insert(.meetingParticipants) }
        return kinds
    }

    func run(on connection: inout Connection) throws(SeedFailure) -> SeedSummary {
        try step("beginning") { () throws(DatabaseError) in
            try connection.executeScript(SeedStatements.begin, deadline: deadline)
        }
        try SeedLock.acquire(on: &connection, patience: options.patience) { report(.waiting($0)) }
        let tables = try stage(on: &connection)
        let counts = try step("counting") { () throws(DatabaseError) in
            try count(tables, on: &connection)
        }
        let problems = try step("checking") { () throws(DatabaseError) in
            try check(tables, counts, on: &connection)
        }
        guard problems.isEmpty else { throw .invalid(problems.sorted()) }

        if options.reportsChanges {
            for table in tables where counts[table.kind]?.changesNothing == false {
                try step("comparing \(table.kind.rawValue)") { () throws(DatabaseError) in
                    try reportChanges(of: table, on: &connection)
                }
            }
        }
        try write(tables, counts, on: &connection)
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
        let staged = staged
        let tables = SeedKind.allCases.filter { staged.contains($0) }.map {
            SeedTable(kind: $0, defaults: defaults[$0] ?? [:], staged: staged, pruned: options.pruned)
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

    private func columnDefaults(on connection: inout Connection) throws(DatabaseError) -> [SeedKind: [String: String]] {
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
        try connection.executeScript(table.createRaw, deadline: deadline)
        let pieces = batch.chunkCount(table.kind)
        let rows = batch.count(table.kind)
        var next = 0
        try connection.copyIn(table.copyRaw, deadline: deadline) {
            guard next < pieces else { return nil }
            defer { next += 1 }
            progress("loading \(table.kind.rawValue)", loaded + rows * next / pieces, of: batch.count)
            return batch.chunk(next, of: table.kind)
        }
        if let addOrganizers = table.addOrganizers {
            try connection.executeScript(addOrganizers, deadline: deadline)
        }
        try connection.executeScript(table.prepareRaw, deadline: deadline)
        try connection.executeScript(table.createFinal, deadline: deadline)
        if options.pruned.contains(table.kind) {
            try connection.executeScript(table.createPruned, deadline: deadline)
        }
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
    ) throws(DatabaseError) -> [SeedProblem] {
        let touched = tables.filter { table in
            counts[table.kind].map { $0.inserted + $0.changed > 0 } ?? false
        }
        let complete = Set(SeedKind.allCases).subtracting(batch.incompleteKinds)
        var checks = try constraintChecks(touched, on: &connection)
        for table in tables {
            if batch.count(table.kind) > 1 { checks.append(table.keyCheck) }
            let isTouched = touched.contains { $0.kind == table.kind }
            if isTouched || !options.pruned.isEmpty { checks += table.referenceChecks(complete: complete) }
            if isTouched { checks += table.uniqueChecks + table.overlapChecks }
        }
        var problems = foundProblems
        for (index, check) in checks.enumerated() {
            progress("checking \(check.kind.rawValue)", index, of: checks.count)
            problems += try check.problems(in: batch, on: &connection, deadline: deadline)
        }
        // What would be left over is known only when everything could be read.
        guard foundProblems.isEmpty else { return problems }
        for table in tables where options.pruned.contains(table.kind) {
            for check in table.pruningChecks {
                progress("checking what to remove", checks.count, of: checks.count)
                problems += try check.problems(on: &connection, deadline: deadline)
            }
        }
        return problems
    }

    private func constraintChecks(
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
    private func reportChanges(of table: SeedTable, on connection: inout Connection) throws(DatabaseError) {
        let kind = table.kind
        let id = kind.index(of: "id")
        try connection.executeScript(table.declareChanges, deadline: deadline)
        try connection.readCursor(table.changesCursor, timeout: .seconds(600)) { (row) throws(DatabaseError) in
            let isNew = try row.decode(0, as: Bool.self)
            let given = try row.decode(1, as: Int32.self)
            report(
                .change(
                    SeedChange(
                        verb: isNew ? .insert : .change,
                        kind: kind,
                        values: try row.seedValues(of: kind, from: 2),
                        formerValues: isNew ? [] : try row.seedValues(of: kind, from: 2 + kind.columns.count),
                        hasLastingKey: !isNew || id.map { given & (1 << $0) != 0 } ?? true
                    )
                )
            )
        } failure: {
            $0
        }
        guard options.pruned.contains(kind) else { return }
        try connection.executeScript(table.declareRemovals, deadline: deadline)
        try connection.readCursor(table.removalsCursor, timeout: .seconds(600)) { (row) throws(DatabaseError) in
            var values: [SeedValue] = []
            var next = 0
            for column in kind.columns {
                let isKey = kind.key.contains(column.name)
                values.append(isKey ? try row.seedValue(next, of: column) : .absent)
                if isKey { next += 1 }
            }
            report(
                .change(
                    SeedChange(verb: .remove, kind: kind, values: values, formerValues: [], hasLastingKey: true)
                )
            )
        } failure: {
            $0
        }
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
        var hasWrittenMeetings = false
        for (index, table) in tables.enumerated() {
            let counts = counts[table.kind] ?? SeedSummary.Counts()
            guard counts.inserted + counts.changed > 0 || hasWrittenMeetings && table.kind == .meetingParticipants
            else {
                continue
            }
            progress("writing \(table.kind.rawValue)", index, of: steps)
            try step("writing \(table.kind.rawValue)") { () throws(DatabaseError) in
                // Writing a meeting makes its organizer a host by trigger; what the files say comes on top of that.
                let isChanged = hasWrittenMeetings && table.kind == .meetingParticipants
                if isChanged {
                    try connection.executeScript(table.recreateFinal, deadline: deadline)
                }
                if let park = table.park, counts.changed + counts.removed > 0 {
                    try connection.executeScript(park, deadline: deadline)
                }
                if counts.changed > 0 || isChanged {
                    try connection.executeScript(table.update, deadline: deadline)
                }
                if counts.inserted > 0 {
                    try connection.executeScript(table.insert, deadline: deadline)
                }
            }
            if table.kind == .meetings { hasWrittenMeetings = true }
        }
        for (index, table) in removing.enumerated() {
            progress("removing \(table.kind.rawValue)", tables.count + index, of: steps)
            try step("removing \(table.kind.rawValue)") { () throws(DatabaseError) in
                try connection.executeScript(table.removePruned, deadline: deadline)
            }
        }
    }
}
