internal import Domain

/// The ``FactsStatement`` that counts recent requests, for the month that it is. Used by one thread.
///
/// A statement of any month names the partitions of all: it opens none but that of the time that is counted, and yet locks
/// each of them whenever it runs. With 36 months kept, that is a sixth of what the facts of 25 requests cost PostgreSQL
/// (docs/performance-log.md). A statement of one month has its borders in the text, and the planner leaves the others out
/// (PostgreSQL 15 manual, 5.11.4).
final class CountingFacts {
    private let ofAnyMonth = FactsStatement(countsRecentRequests: true)
    private var latest: (month: RecordMonth, statement: FactsStatement)?

    /// The statement for `requests`: that of their month, but within a minute of its border.
    func statement(for requests: [IssuanceRequest]) -> FactsStatement {
        let (first, last) = FactsStatement.countedPeriod(of: requests)
        if let latest, latest.month.contains(from: first, to: last) { return latest.statement }
        let month = RecordMonth(of: first)
        guard month.contains(from: first, to: last) else { return ofAnyMonth }
        let statement = FactsStatement(countsRecentRequests: true, in: month)
        latest = (month, statement)
        return statement
    }
}
