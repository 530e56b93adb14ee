internal import Domain
package import PostgreSQL

extension Overview {
    /// Asks for everything on the page.
    ///
    /// - Parameters:
    ///   - freshness: What the transaction of ``ReportSession/run(on:_:)`` is as of.
    ///   - connection: In that transaction.
    package init(
        of period: Period,
        freshness: ReportFreshness,
        on connection: inout Connection
    ) throws(DatabaseError) {
        func ask(_ statement: Statement, _ bounds: Timestamp...) throws(DatabaseError) -> QueryResult {
            var parameters = Parameters()
            for bound in bounds { parameters.append(bound) }
            return try connection.execute(statement, parameters, deadline: .never)
        }
        _ = try ask(OverviewStatements.settings)
        let (from, until) = (period.from, period.until)
        self.freshness = freshness
        self.period = period
        database = try ask(OverviewStatements.database).rows.first?.decode(0) ?? ""

        let comparedUntil = Self.endOfComparison(period, freshness)
        let length = Duration.days(Int64(period.dayCount))
        let comparedFrom = comparedUntil == nil ? from : from - length
        _ = try ask(OverviewStatements.beginTails, comparedFrom)
        let tokens = try Tokens(
            ask(
                OverviewStatements.tokens,
                from,
                until,
                comparedFrom,
                comparedUntil ?? from,
                comparedUntil.map { $0 - length } ?? from
            )
        )
        _ = try ask(OverviewStatements.beginTails, from)
        let refusals = try Refusals(ask(OverviewStatements.refusals, from, until))
        let peaks = try Self.byDay(ask(OverviewStatements.peaks, from, until))
        tiers = tokens.tiers
        self.refusals = refusals.reasons
        days = (0..<period.dayCount).map { index in
            let day = from + .days(Int64(index))
            return Day(
                day: day,
                tokens: tokens.tiers.map { tokens.counts[day]?[$0] ?? 0 },
                refusals: refusals.days[day] ?? 0,
                peak: peaks[day] ?? 0
            )
        }
        hours = tokens.hours
        comparison = comparedUntil == nil ? nil : tokens.comparison

        let meetings = try ask(OverviewStatements.meetings, from, until)
        topMeetings = try meetings.rows.map { (row) throws(DatabaseError) in try Meeting(row) }
        meetingCount = try meetings.rows.first?.decode(5) ?? 0
        live = try Live(ask(OverviewStatements.live))
        _ = try ask(OverviewStatements.beginTailsOfMonths, until)
        months = try ask(OverviewStatements.months, until).rows.map { (row) throws(DatabaseError) in try Month(row) }
        paywall = try ask(OverviewStatements.paywall, from, until).rows.map { (row) throws(DatabaseError) in
            try Organizer(row)
        }
        var controls: [Control] = []
        for report in Report.controls {
            guard let statement = OverviewStatements.count(of: report) else { continue }
            controls.append(try Control(report, ask(statement, from, until)))
        }
        self.controls = controls
    }

    /// The end of the last hour of the period that is over: tokens are counted by the hour, and an hour that is not over
    /// is not to be compared with a whole one. Nil when there is none, and when the records do not reach far enough back.
    static func endOfComparison(_ period: Period, _ freshness: ReportFreshness) -> Timestamp? {
        let length = Duration.days(Int64(period.dayCount))
        let hour: Int64 = 3_600_000_000
        let now = freshness.readAt.microsecondsSinceEpoch
        let end = min(period.until, Timestamp(microsecondsSinceEpoch: now - (now % hour + hour) % hour))
        guard let recordsFrom = freshness.recordsFrom, recordsFrom <= period.from - length, period.from < end else {
            return nil
        }
        return end
    }

    private static func byDay(_ result: QueryResult) throws(DatabaseError) -> [Timestamp: Int64] {
        var counts: [Timestamp: Int64] = [:]
        for row in result.rows { counts[try row.decode(0)] = try row.decode(1, as: Int64.self) }
        return counts
    }
}

// MARK: - Decoding

/// What ``OverviewStatements/tokens`` says: tokens by day and tier, by hour of the week, and in all.
private struct Tokens {
    var counts: [Timestamp: [String: Int64]] = [:]
    /// Most tokens first.
    var tiers: [String] = []
    /// Seven rows of 24, Monday first.
    var hours = [[Int64]](repeating: [Int64](repeating: 0, count: 24), count: 7)
    var comparison = Overview.Comparison(tokens: 0, tokensBefore: 0)

    init(_ result: QueryResult) throws(DatabaseError) {
        var totals: [String: Int64] = [:]
        for row in result.rows {
            let count = try row.decode(4, as: Int64.self)
            if let tier = try row.decodeIfPresent(1, as: String.self) {
                // A tier and day of before the period.
                guard count > 0 else { continue }
                counts[try row.decode(0), default: [:]][tier] = count
                totals[tier, default: 0] += count
            } else if let weekday = try row.decodeIfPresent(2, as: Int32.self) {
                try add(count, weekday: Int(weekday) - 1, hour: Int(try row.decode(3, as: Int32.self)))
            } else {
                comparison = Overview.Comparison(tokens: try row.decode(5), tokensBefore: try row.decode(6))
            }
        }
        tiers = totals.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.map(\.key)
    }

    /// - Parameter weekday: From Monday, 0.
    private mutating func add(_ count: Int64, weekday: Int, hour: Int) throws(DatabaseError) {
        guard hours.indices.contains(weekday), hours[weekday].indices.contains(hour) else {
            throw DatabaseError(.decoding, "no such hour of the week", statement: OverviewStatements.tokens.name)
        }
        hours[weekday][hour] = count
    }
}

/// Refusals by day, and by reason.
private struct Refusals {
    var days: [Timestamp: Int64] = [:]
    var reasons: [Overview.RefusalCount] = []

    init(_ result: QueryResult) throws(DatabaseError) {
        var totals: [String: Int64] = [:]
        for row in result.rows {
            let reason = try row.decode(1, as: String.self)
            let count = try row.decode(2, as: Int64.self)
            days[try row.decode(0), default: 0] += count
            totals[reason, default: 0] += count
        }
        reasons = totals.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.map { reason, count in
            Overview.RefusalCount(reason: reason, count: count)
        }
    }
}

extension Overview.Meeting {
    fileprivate init(_ row: Row) throws(DatabaseError) {
        self.init(
            id: try row.decode(0),
            organizer: try row.decode(1),
            tokens: try row.decode(2),
            users: try row.decode(3),
            lastIssuedAt: try row.decode(4)
        )
    }
}

extension Overview.Live {
    fileprivate init(_ result: QueryResult) throws(DatabaseError) {
        roles = try result.rows.map { (row) throws(DatabaseError) in
            Role(name: try row.decode(0), tokens: try row.decode(1))
        }
        tokens = roles.reduce(0) { $0 + $1.tokens }
        meetings = try result.rows.first?.decode(2) ?? 0
    }
}

extension Overview.Month {
    fileprivate init(_ row: Row) throws(DatabaseError) {
        self.init(
            month: try row.decode(0),
            tier: try row.decode(1),
            users: try row.decode(2)
        )
    }
}

extension Overview.Organizer {
    fileprivate init(_ row: Row) throws(DatabaseError) {
        self.init(
            id: try row.decode(0),
            refusals: try row.decode(1),
            paysNow: try row.decode(2)
        )
    }
}

extension Overview.Control {
    fileprivate init(_ report: Report, _ result: QueryResult) throws(DatabaseError) {
        guard let row = result.rows.first else {
            throw DatabaseError(.decoding, "no row", statement: report.name)
        }
        self.init(report: report, count: try row.decode(0), first: try row.decodeIfPresent(1))
    }
}
