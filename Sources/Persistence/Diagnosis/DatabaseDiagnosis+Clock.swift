package import Domain
package import PostgreSQL

extension DatabaseDiagnosis {
    /// - Parameter now: This process's clock.
    package static func clockDifference(
        now: () -> Timestamp,
        deadline: Deadline,
        on connection: inout Connection
    ) throws(DatabaseError) -> ClockDifference {
        let asked = now()
        let answer = try connection.execute(ClockDifference.statement, deadline: deadline)
        let answered = now()
        return ClockDifference(
            asked: asked,
            database: try ClockDifference.decodeDatabaseTime(answer),
            answered: answered
        )
    }
}
