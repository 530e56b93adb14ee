package import Domain
internal import PostgreSQL

/// How far the clock of this process is from the database's, as far as one question can tell.
///
/// Decisions, the times of records and the border of the rollups are taken from different clocks: records are written with
/// this process's, rollups and retention with the database's.
package struct ClockDifference: Hashable, Sendable {
    /// This clock less the database's: negative when this one is behind. Exact to half the time that the question took.
    package let offset: Duration
    /// The least that the difference can be, whenever within the question the database read its clock.
    package let atLeast: Duration

    package enum Verdict: Hashable, Sendable {
        case agrees
        /// 5 s and more.
        case warning
        /// 60 s and more: tokens and records would carry wrong times, and the rollups would miss records.
        case notReady
    }

    package static let warningFrom: Duration = .seconds(5)
    package static let notReadyFrom: Duration = .seconds(60)

    package enum Direction: String, Hashable, Sendable {
        case behind
        case ahead = "ahead of"
    }

    package var direction: Direction { offset < .zero ? .behind : .ahead }

    /// - Parameters:
    ///   - asked: This clock when the question was sent.
    ///   - database: The answer.
    ///   - answered: This clock when the answer had come; not before `asked`, unless the clock was set in between.
    package init(asked: Timestamp, database: Timestamp, answered: Timestamp) {
        let early = Self.duration(from: database, to: asked)
        let late = Self.duration(from: database, to: answered)
        offset = (early + late) / 2
        // The database read its clock at an instant between the two, so the difference lies between `early` and `late`.
        let (least, most) = (min(early, late), max(early, late))
        atLeast = least > .zero ? least : most < .zero ? .zero - most : .zero
    }

    package var verdict: Verdict {
        if atLeast >= Self.notReadyFrom { return .notReady }
        return atLeast >= Self.warningFrom ? .warning : .agrees
    }

    /// Any two instants, however far apart.
    private static func duration(from start: Timestamp, to end: Timestamp) -> Duration {
        .microseconds(end.microsecondsSinceEpoch) - .microseconds(start.microsecondsSinceEpoch)
    }

    static let statement = Statement("monitor.clock", "SELECT pg_catalog.clock_timestamp()")

    /// Decodes the row of ``statement``.
    static func decodeDatabaseTime(_ result: QueryResult) throws(DatabaseError) -> Timestamp {
        try result.onlyRow.decode(0)
    }
}
