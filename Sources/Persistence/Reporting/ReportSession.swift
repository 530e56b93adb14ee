package import PostgreSQL

/// Reads reports in one transaction: read only, and everything as of one moment.
///
/// Blocks its thread.
package enum ReportSession {
    /// How long one statement may take where the login and the database set no limit of their own.
    package static let statementTimeout: Duration = .seconds(60)
    /// How long a reader of the output may keep the transaction waiting: it holds vacuum back meanwhile.
    static let readerTimeout: Duration = .seconds(300)

    /// Opens the transaction, runs `body` and closes it again. Nothing is written in any case.
    ///
    /// - Parameter body: Gets what everything in the transaction is as of.
    /// - Throws: ``DatabaseError``, and what `body` throws.
    package static func run<Value>(
        on connection: inout Connection,
        _ body: (inout Connection, ReportFreshness) throws -> Value
    ) throws -> Value {
        var timeouts = Parameters()
        timeouts.append("\(statementTimeout.components.seconds)s")
        timeouts.append("\(readerTimeout.components.seconds)s")
        // Nothing was written: rolling back is closing. A connection that is gone has done so already.
        defer { if connection.isOpen { _ = try? connection.execute(.rollback, deadline: .after(.seconds(5))) } }
        let results = try connection.executeTogether(
            [
                Command(Self.begin), Command(Self.restate), Command(Self.settings, timeouts),
                Command(ReportFreshness.statement),
            ],
            deadline: .after(.seconds(30))
        )
        return try body(&connection, try ReportFreshness(results[3]))
    }

    /// Reads a report through a cursor, so that neither side ever holds more than a part of it.
    ///
    /// - Parameter onRow: Called for each row; what it throws ends the reading.
    package static func read(
        _ report: Report,
        _ selection: ReportSelection,
        on connection: inout Connection,
        onRow: ([ReportValue]) throws -> Void
    ) throws {
        let query = ReportQuery(report, selection)
        // The options decide the SQL, so they are part of its name.
        let name = (["report", report.name] + selection.options.map(\.rawValue)).joined(separator: ".")
        var cursor = Cursor("report", statement: name, query.sql, parameters: query.types)
        // The server's statement_timeout is what ends a slow report; a server that is gone is noticed by keepalives.
        try cursor.open(query.parameters, deadline: .never, on: &connection)
        while let result = try cursor.next(deadline: .never, on: &connection) {
            for row in result.rows {
                try onRow(
                    try report.columns.enumerated().map { index, column in
                        try ReportValue(row, index, kind: column.kind)
                    }
                )
            }
        }
    }

    private static let begin = Statement("report.begin", "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")

    private static let restate = Statement("report.restate", SessionSettings.setLocalForReports)

    /// A limit that an administrator has set stays. A cursor is planned for all of its rows: no reader wants only the first.
    /// Compiling plans takes longer than these reports do (docs/reporting.md).
    private static let settings = Statement(
        "report.settings",
        """
        SELECT set_config(
                'statement_timeout',
                CASE current_setting('statement_timeout') WHEN '0' THEN $1 ELSE current_setting('statement_timeout') END,
                true
            ),
            set_config('idle_in_transaction_session_timeout', $2, true),
            set_config('cursor_tuple_fraction', '1', true),
            set_config('jit', 'off', true)
        """,
        parameters: [.text, .text]
    )
}
