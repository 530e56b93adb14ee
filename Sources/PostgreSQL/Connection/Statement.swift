/// One SQL statement with a name that shows in errors, metrics and `pg_prepared_statements`.
///
/// Parameters and results travel in binary format.
package struct Statement: Hashable, Sendable {
    package let name: String
    package let sql: String
    package let parameterTypes: [TypeOID]

    package init(_ name: String, _ sql: String, parameters: [TypeOID] = []) {
        self.name = name
        self.sql = sql
        self.parameterTypes = parameters
    }

    package static let begin = Statement("begin", "BEGIN")
    package static let commit = Statement("commit", "COMMIT")
    package static let rollback = Statement("rollback", "ROLLBACK")
}
