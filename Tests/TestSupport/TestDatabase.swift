internal import Foundation
internal import Persistence
package import PostgreSQL
internal import Synchronization

/// The database of one test. See ``withDatabase(_:body:)``.
///
/// All methods block: call them from ``onOwnThread(_:)`` or from the synchronous body of `withDatabase`.
package struct TestDatabase: Sendable {
    package let name: String
    /// The directory of its server's socket; nil for the server of the tests.
    var host: String?

    /// The contents of a new database.
    package enum Content: Sendable {
        /// The embedded migrations and the roles.
        case migrated
        case empty
        /// No schema, and letters as a locale of ICU has them.
        case emptyInLocale(String)
    }

    /// The connection target, for code that opens its own connections.
    package func target(login: String? = nil) throws -> ConnectionTarget {
        try TestServer.target(of: name, login: login, host: host)
    }

    /// Opens a connection.
    ///
    /// - Parameters:
    ///   - role: The role to set after connecting, such as `connvo_app`, with its permissions only.
    ///   - login: The user to connect as; nil for the superuser of the tests.
    package func connect(as role: String? = nil, login: String? = nil) throws -> Connection {
        var connection = try TestServer.connect(to: name, login: login, host: host)
        if let role {
            try connection.executeScript("SET ROLE \(role)", deadline: .after(.seconds(20)))
        }
        return connection
    }

    /// Runs a script on a new connection.
    package func run(_ sql: String, as role: String? = nil) throws {
        var connection = try connect(as: role)
        try connection.executeScript(sql, deadline: .after(.seconds(60)))
    }

    /// The first value of a query's first row as text; nil for NULL and for no row.
    package func scalar(_ sql: String, as role: String? = nil) throws -> String? {
        var connection = try connect(as: role)
        let query = Statement("test.scalar", "SELECT (\(sql))::text")
        return try connection.execute(query, deadline: .after(.seconds(60))).rows.first?.decodeIfPresent(0)
    }

    /// Runs a statement whose parameters are text. The SQL casts them.
    func execute(_ sql: String, _ values: [String?]) throws {
        var connection = try connect()
        var parameters = Parameters()
        for value in values { parameters.append(value) }
        let statement = Statement("test.execute", sql, parameters: values.map { _ in .text })
        _ = try connection.execute(statement, parameters, deadline: .after(.seconds(60)))
    }
}

/// Makes a database for `body` and drops it afterwards. `body` runs on a dedicated thread.
package func withDatabase<Value: Sendable>(
    _ content: TestDatabase.Content = .migrated,
    body: @escaping @Sendable (TestDatabase) throws -> Value
) async throws -> Value {
    try await onOwnThread {
        let database = try TestDatabase.make(content)
        defer { database.drop() }
        return try body(database)
    }
}

/// Makes a database for an asynchronous body. Its blocking calls must run in ``onOwnThread(_:)``.
package func withDatabase<Value: Sendable>(
    _ content: TestDatabase.Content = .migrated,
    body: @Sendable (TestDatabase) async throws -> Value
) async throws -> Value {
    let database = try await onOwnThread { try TestDatabase.make(content) }
    let result: Result<Value, any Error>
    do {
        result = .success(try await body(database))
    } catch {
        result = .failure(error)
    }
    try await onOwnThread { database.drop() }
    return try result.get()
}

/// A replacement for SHA-256 in tests that may not import JOSE: FNV-1a, 64 bits.
package func testChecksum(_ bytes: [UInt8]) -> [UInt8] {
    let hash = bytes.reduce(0xCBF2_9CE4_8422_2325 as UInt64) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
    return withUnsafeBytes(of: hash.bigEndian) { Array($0) }
}

// MARK: - Creating and dropping

extension TestDatabase {
    private static let prefix = "connvo_test_"
    private static let counter = Atomic<Int>(0)
    /// The migrated database that others are copied from. It is made once per process.
    private static let template = Mutex<Result<String, any Error>?>(nil)

    static func make(_ content: Content) throws -> TestDatabase {
        let source =
            switch content {
            case .migrated: try templateName()
            case .empty: "template0"
            case .emptyInLocale(let locale): "template0 LOCALE_PROVIDER icu ICU_LOCALE '\(locale)'"
            }
        let number = counter.wrappingAdd(1, ordering: .relaxed).newValue
        let name = "\(prefix)\(ProcessInfo.processInfo.processIdentifier)_\(number)"
        try TestServer.run("CREATE DATABASE \(name) TEMPLATE \(source)")
        return TestDatabase(name: name)
    }

    package func drop() {
        try? TestServer.run("DROP DATABASE IF EXISTS \(name) WITH (FORCE)")
    }

    private static func templateName() throws -> String {
        try template.withLock { template in
            let result = template ?? Result { try makeTemplate() }
            template = result
            return try result.get()
        }
    }

    private static func makeTemplate() throws -> String {
        try dropLeftovers()
        let name = "\(prefix)\(ProcessInfo.processInfo.processIdentifier)_template"
        try TestServer.run("CREATE DATABASE \(name) TEMPLATE template0")
        var connection = try TestServer.connect(to: name)
        _ = try Migrator(.embedded(sha256: testChecksum)).up(on: &connection)
        return name
    }

    /// Drops the databases of test processes that have ended.
    private static func dropLeftovers() throws {
        var connection = try TestServer.connect(to: "postgres")
        let query = Statement(
            "test.leftovers",
            "SELECT datname::text FROM pg_database WHERE starts_with(datname::text, '\(prefix)')"
        )
        for row in try connection.execute(query, deadline: .after(.seconds(20))).rows {
            let name = try row.decode(0, as: String.self)
            let owner = name.dropFirst(prefix.count).prefix { $0 != "_" }
            guard let pid = Int32(owner), kill(pid, 0) != 0, errno == ESRCH else { continue }
            TestDatabase(name: name).drop()
        }
    }
}
