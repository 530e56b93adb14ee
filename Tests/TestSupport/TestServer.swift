internal import Foundation
package import PostgreSQL

/// The PostgreSQL server of the tests, as given by `PGHOST`, `PGPORT` and `PGUSER`, which `scripts/with-postgres` sets.
/// The user must be a superuser.
package enum TestServer {
    /// Why a server is not used for tests.
    package struct Refusal: Error, CustomStringConvertible {
        package let description: String
    }

    private static let environment = ProcessInfo.processInfo.environment

    /// Refuses a server that is not reached by a Unix socket or the loopback interface, because tests make and drop
    /// databases.
    package static func checkIsLocal(_ environment: [String: String]) throws(Refusal) {
        for name in ["PGSERVICE", "PGSERVICEFILE"] where environment[name] != nil {
            throw Refusal(description: "tests do not run with \(name) set: it may name any server")
        }
        guard let host = environment["PGHOST"] else {
            throw Refusal(description: "PGHOST is not set: run the tests with scripts/with-postgres swift test")
        }
        for name in [host, environment["PGHOSTADDR"]].compactMap({ $0 }) {
            let isLocal =
                (name.hasPrefix("/") && !name.contains(",")) || ["localhost", "127.0.0.1", "::1"].contains(name)
            guard isLocal else {
                throw Refusal(description: "tests run only on a Unix socket or loopback, not on \(name)")
            }
        }
    }

    /// Whether the server knows locales of ICU, which is a matter of how it was built.
    package static func hasICU() throws -> Bool {
        var connection = try connect(to: "postgres")
        let query = Statement("test.icu", "SELECT count(*) > 0 FROM pg_collation WHERE collname = 'und-x-icu'")
        return try connection.execute(query, deadline: .after(.seconds(20))).rows.first?.decode(0) ?? false
    }

    /// Connects to a database of the server.
    ///
    /// - Parameters:
    ///   - login: The user to connect as; nil for `PGUSER`.
    ///   - host: The directory of the socket of another server; nil for `PGHOST`.
    package static func connect(to database: String, login: String? = nil, host: String? = nil) throws -> Connection {
        try Connection.open(target(of: database, login: login, host: host), deadline: .after(.seconds(20)))
    }

    /// The target of ``connect(to:login:host:)``.
    package static func target(
        of database: String,
        login: String? = nil,
        host: String? = nil
    ) throws -> ConnectionTarget {
        try checkIsLocal(environment)
        let user = login.map { " user=\($0)" } ?? ""
        // synchronous_commit=local: so that what a test does itself never waits for a standby.
        let server = host.map { " host=\($0) options='-c synchronous_commit=local'" } ?? ""
        return try ConnectionTarget("dbname=\(database)\(user)\(server)", applicationName: "connvo-tests")
    }

    /// Runs a script in a database of the server. Statements such as CREATE DATABASE must be the only one in a script.
    package static func run(_ sql: String, in database: String = "postgres") throws {
        var connection = try connect(to: database)
        try connection.executeScript(sql, deadline: .after(.seconds(60)))
    }
}
