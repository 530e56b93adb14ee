import Glibc
import Synchronization
import TestSupport
import Testing

@testable import PostgreSQL

@Suite struct ConnectionTests {
    private static let echo = Statement("test.echo", "SELECT $1", parameters: [.bytea])
    private static let sleep = Statement("test.sleep", "SELECT pg_sleep(60)")

    private static func echo(_ bytes: [UInt8]) -> Command {
        var parameters = Parameters()
        parameters.append(bytes)
        return Command(echo, parameters)
    }

    /// Bytes in which neighbouring pages differ.
    private static func bytes(_ count: Int) -> [UInt8] {
        (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 2_654_435_761 >> 13) }
    }

    // MARK: Large values

    @Test(arguments: [1 << 20, 20 << 20])
    func `a large value is sent and received unchanged`(size: Int) async throws {
        try await withDatabase(.empty) { database in
            var connection = try database.connect()
            let sent = Self.bytes(size)

            let results = try connection.executeTogether([Self.echo(sent)], deadline: .soon)

            let received: [UInt8] = try results[0].onlyRow().decode(0)
            #expect(received.count == size)
            #expect(received == sent)
        }
    }

    @Test func `both ends may send at once without blocking each other`() async throws {
        try await withDatabase(.empty) { database in
            var connection = try database.connect()
            let sent = Self.bytes(4 << 20)

            let results = try connection.executeTogether(Array(repeating: Self.echo(sent), count: 8), deadline: .soon)

            #expect(results.count == 8)
            for result in results { #expect(try result.onlyRow().decode(0, as: [UInt8].self) == sent) }
            let isIdle = connection.isIdle
            #expect(isIdle)
        }
    }

    @Test func `rows can be read after their connection is closed`() async throws {
        try await withDatabase(.empty) { database in
            func read() throws -> QueryResult {
                var connection = try database.connect()
                return try connection.execute(Statement("test.words", "VALUES ('one'), ('two')"), deadline: .soon)
            }

            let result = try read()

            #expect(try result.rows.map { try $0.decode(0, as: String.self) } == ["one", "two"])
        }
    }

    // MARK: Broken connections

    @Test func `killing the server process during a query ends the connection`() async throws {
        try await withDatabase(.empty) { database in
            var connection = try database.connect()
            let pid = connection.backendPID
            let killer = try DedicatedThread(name: "killer") {
                let isActive =
                    "SELECT count(*) FROM pg_stat_activity WHERE pid = \(pid) AND query ~ 'pg_sleep' AND state = 'active'"
                _ = try? waitUntil { try database.scalar(isActive) == "1" }
                _ = try? database.scalar("SELECT pg_terminate_backend(\(pid))")
            }

            let error = databaseError { try connection.execute(Self.sleep, deadline: .soon) }
            killer.join()

            #expect(error?.kind == .connectionLost)
            #expect(error?.leavesConnectionUsable == false)
            let (isOpen, isIdle) = (connection.isOpen, connection.isIdle)
            #expect(!isOpen)
            #expect(!isIdle)
            let next = databaseError { try connection.text("SELECT 1") }
            #expect(next?.kind == .connectionLost)
        }
    }

    @Test func `a server process that was killed between queries is detected`() async throws {
        try await withDatabase(.empty) { database in
            let connection = try database.connect()
            let wasAlive = connection.drainUnasked()
            #expect(wasAlive)

            _ = try database.scalar("SELECT pg_terminate_backend(\(connection.backendPID))")

            #expect(waitUntil { !connection.drainUnasked() })
            let isIdle = connection.isIdle
            #expect(!isIdle)
        }
    }

    @Test func `a statement that takes too long times out, and its connection is closed`() async throws {
        try await withDatabase(.empty) { database in
            var connection = try database.connect()
            let start = ContinuousClock.now

            let error = databaseError { try connection.execute(Self.sleep, deadline: .after(.milliseconds(200))) }

            #expect(error?.kind == .timedOut)
            #expect(error?.leavesConnectionUsable == false)
            #expect(ContinuousClock.now - start < .seconds(10))
            let isIdle = connection.isIdle
            #expect(!isIdle)
        }
    }

    // MARK: Pipelines

    @Test func `a pipeline stops at its first error, and the connection stays usable`() async throws {
        try await withDatabase(.empty) { database in
            var connection = try database.connect()
            try connection.executeScript("CREATE TABLE t (n integer)", deadline: .soon)
            let insert = Statement("test.insert", "INSERT INTO t VALUES (1)")
            let divide = Statement("test.divide", "SELECT 1 / (SELECT count(*) FROM t WHERE n = 2)")
            let after = Statement("test.after", "INSERT INTO t VALUES (3)")

            let error = databaseError {
                try connection.executeTogether([Command(insert), Command(divide), Command(after)], deadline: .soon)
            }

            #expect(error?.kind == .server)
            #expect(error?.sqlState == SQLState(rawValue: "22012"))
            #expect(error?.statement == "test.divide")
            #expect(error?.leavesConnectionUsable == true)
            let isIdle = connection.isIdle
            #expect(isIdle)
            #expect(try connection.text("SELECT count(*) FROM t") == "0")
        }
    }

    @Test func `after a failed pipeline only the statements that it did not prepare are prepared`()
        async throws
    {
        try await withDatabase(.empty) { database in
            var connection = try database.connect()
            let good = Statement("test.good", "SELECT 1")
            let bad = Statement("test.bad", "SELECT 1 / 0")
            let after = Statement("test.after", "SELECT 3")
            _ = databaseError {
                try connection.executeTogether([Command(good), Command(bad), Command(after)], deadline: .soon)
            }

            for _ in 0..<2 {
                _ = try connection.executeTogether([Command(after), Command(good)], deadline: .soon)
                _ = databaseError { try connection.executeTogether([Command(bad), Command(after)], deadline: .soon) }
            }

            let names =
                "SELECT string_agg(name, ' ' ORDER BY name) FROM pg_prepared_statements WHERE name !~ 'test.text'"
            #expect(try connection.text(names) == "test.after test.bad test.good")
        }
    }

    @Test func `a statement whose preparation failed is prepared again at the next use`() async throws {
        try await withDatabase(.empty) { database in
            var connection = try database.connect()
            let early = Statement("test.early", "SELECT count(*) FROM late")
            let error = databaseError {
                try connection.executeTogether([Command(early), Command(early)], deadline: .soon)
            }
            #expect(error?.sqlState == .undefinedTable)
            #expect(error?.position == 22)

            try connection.executeScript("CREATE TABLE late ()", deadline: .soon)
            let results = try connection.executeTogether([Command(early), Command(early)], deadline: .soon)

            #expect(try results.map { try $0.onlyRow().decode(0, as: Int64.self) } == [0, 0])
        }
    }

    @Test func `a deferred constraint fails at COMMIT, and the connection stays usable`() async throws {
        try await withDatabase(.empty) { database in
            var connection = try database.connect()
            try connection.executeScript(
                "CREATE TABLE t (n integer UNIQUE DEFERRABLE INITIALLY DEFERRED)",
                deadline: .soon
            )
            let insert = Statement("test.insert", "INSERT INTO t VALUES (1), (1)")

            let error = databaseError {
                try connection.executeTogether([Command(.begin), Command(insert), Command(.commit)], deadline: .soon)
            }

            #expect(error?.sqlState == .uniqueViolation)
            #expect(error?.statement == "commit")
            #expect(error?.constraint == "t_n_key")
            let isIdle = connection.isIdle
            #expect(isIdle)
        }
    }

    @Test func `statements are prepared once, with their names`() async throws {
        try await withDatabase(.empty) { database in
            var connection = try database.connect()
            for _ in 0..<3 { _ = try connection.executeTogether([Self.echo([1])], deadline: .soon) }

            #expect(try connection.text("SELECT count(*) FROM pg_prepared_statements WHERE name = 'test.echo'") == "1")
        }
    }

    @Test func `without preparation statements run unnamed`() async throws {
        try await withDatabase(.empty) { database in
            var connection = try Connection.open(database.target(), preparesStatements: false, deadline: .soon)

            let results = try connection.executeTogether(
                [Command(.begin), Self.echo([1, 2]), Self.echo([]), Command(.commit)],
                deadline: .soon
            )

            #expect(try results[1].onlyRow().decode(0, as: [UInt8].self) == [1, 2])
            #expect(try results[2].onlyRow().decode(0, as: [UInt8].self) == [])
            #expect(try connection.text("SELECT count(*) FROM pg_prepared_statements") == "0")
            let error = databaseError { try connection.text("SELECT 1 / 0") }
            #expect(error?.sqlState == SQLState(rawValue: "22012"))
            #expect(try connection.text("SELECT 1") == "1")
        }
    }

    // MARK: Transactions

    @Test func `a connection in a transaction is not idle`() async throws {
        try await withDatabase(.empty) { database in
            var connection = try database.connect()

            _ = try connection.execute(.begin, deadline: .soon)
            let isIdleInside = connection.isIdle
            try connection.commit(deadline: .soon)
            let isIdleAfter = connection.isIdle

            #expect(!isIdleInside)
            #expect(isIdleAfter)
        }
    }

    @Test func `COMMIT of a failed transaction is an error`() async throws {
        try await withDatabase(.empty) { database in
            var connection = try database.connect()
            _ = try connection.execute(.begin, deadline: .soon)
            _ = databaseError { try connection.text("SELECT 1 / 0") }

            let error = databaseError { try connection.commit(deadline: .soon) }

            #expect(error?.kind == .rolledBack)
            let isIdle = connection.isIdle
            #expect(isIdle)
        }
    }

    @Test func `COMMIT with a warning is uncertain`() async throws {
        try await withDatabase(.empty) { database in
            var connection = try database.connect()
            try connection.executeScript(Self.raisingAtCommit("WARNING"), deadline: .soon)
            _ = try connection.execute(.begin, deadline: .soon)
            _ = try connection.execute(Statement("test.insert", "INSERT INTO t VALUES (1)"), deadline: .soon)

            let error = databaseError { try connection.commit(deadline: .soon) }

            #expect(error?.kind == .commitUncertain)
            #expect(error?.leavesConnectionUsable == false)
        }
    }

    @Test func `COMMIT with a notice, or after an earlier warning, succeeds`() async throws {
        try await withDatabase(.empty) { database in
            var connection = try database.connect()
            try connection.executeScript(Self.raisingAtCommit("NOTICE"), deadline: .soon)
            _ = try connection.execute(.begin, deadline: .soon)
            try connection.executeScript("DO $$ BEGIN RAISE WARNING 'before'; END $$", deadline: .soon)
            _ = try connection.execute(Statement("test.insert", "INSERT INTO t VALUES (1)"), deadline: .soon)

            try connection.commit(deadline: .soon)

            #expect(try connection.text("SELECT count(*) FROM t") == "1")
        }
    }

    /// A table whose rows make the server send a message of `level` at COMMIT.
    private static func raisingAtCommit(_ level: String) -> String {
        """
        CREATE TABLE t (n integer);
        CREATE FUNCTION speak() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE \(level) 'at commit'; RETURN NULL; END $$;
        CREATE CONSTRAINT TRIGGER speak AFTER INSERT ON t DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION speak();
        """
    }

    // MARK: Notices

    @Test func `notices are collected, with severity and code`() async throws {
        try await withDatabase(.empty) { database in
            var connection = try database.connect()

            try connection.executeScript(
                "DO $$ BEGIN RAISE WARNING 'careful'; RAISE NOTICE 'by the way' USING ERRCODE = '01ABC'; END $$",
                deadline: .soon
            )

            let notices = connection.takeNotices()
            #expect(
                notices == [
                    Notice(severity: "WARNING", sqlState: .warning, message: "careful"),
                    Notice(severity: "NOTICE", sqlState: SQLState(rawValue: "01ABC"), message: "by the way"),
                ]
            )
            let more = connection.takeNotices()
            #expect(more.isEmpty)
        }
    }

    @Test func `notices are not printed`() async throws {
        try await withDatabase(.empty) { database in
            var connection = try database.connect()

            let printed = try Self.standardError {
                try connection.executeScript("DO $$ BEGIN RAISE WARNING 'not to be printed'; END $$", deadline: .soon)
            }

            #expect(!printed.contains("not to be printed"))
        }
    }

    /// What the process writes to standard error while `body` runs. It is written to standard error afterwards.
    private static func standardError(during body: () throws -> Void) throws -> String {
        var ends: [Int32] = [0, 0]
        guard pipe(&ends) == 0 else { throw SilentListener.Failure(call: "pipe", code: errno) }
        _ = fcntl(ends[0], F_SETFL, O_NONBLOCK)
        let original = dup(STDERR_FILENO)
        dup2(ends[1], STDERR_FILENO)
        defer {
            close(ends[0])
            close(ends[1])
            close(original)
        }
        let result = Result { try body() }
        dup2(original, STDERR_FILENO)
        var bytes = [UInt8](repeating: 0, count: 65536)
        let count = max(0, read(ends[0], &bytes, bytes.count))
        _ = write(original, bytes, count)
        try result.get()
        return String(decoding: bytes.prefix(count), as: UTF8.self)
    }

    // MARK: Scripts

    @Test func `a script of several statements runs in one transaction`() async throws {
        try await withDatabase(.empty) { database in
            var connection = try database.connect()
            try connection.executeScript(
                "CREATE TABLE t (n integer); INSERT INTO t VALUES (1); SELECT * FROM t",
                deadline: .soon
            )

            let error = databaseError {
                try connection.executeScript(
                    "INSERT INTO t VALUES (2); SELECT 1 / 0; INSERT INTO t VALUES (3)",
                    deadline: .soon
                )
            }

            #expect(error?.sqlState == SQLState(rawValue: "22012"))
            #expect(error?.statement == nil)
            #expect(try connection.text("SELECT string_agg(n::text, ',') FROM t") == "1")
        }
    }

    @Test func `the position of an error counts characters from the start of the script`() async throws {
        try await withDatabase(.empty) { database in
            var connection = try database.connect()

            let error = databaseError { try connection.executeScript("SELECT 'ä'; SELECT wrong", deadline: .soon) }

            #expect(error?.sqlState == SQLState(rawValue: "42703"))
            #expect(error?.position == 20)
            let isIdle = connection.isIdle
            #expect(isIdle)
        }
    }

    @Test func `an empty script does nothing`() async throws {
        try await withDatabase(.empty) { database in
            var connection = try database.connect()

            try connection.executeScript(" -- nothing\n", deadline: .soon)

            let isIdle = connection.isIdle
            #expect(isIdle)
        }
    }

    @Test func `a script with COPY is an error`() async throws {
        try await withDatabase(.empty) { database in
            var connection = try database.connect()

            let error = databaseError { try connection.executeScript("COPY (SELECT 1) TO STDOUT", deadline: .soon) }

            #expect(error?.kind == .unexpected)
            #expect(error?.leavesConnectionUsable == false)
            let isIdle = connection.isIdle
            #expect(!isIdle)
        }
    }

    // MARK: COPY

    private static func copy(_ chunks: [String], into connection: inout Connection) throws(DatabaseError) {
        var rest = chunks[...]
        try connection.copyIn("COPY t FROM STDIN", deadline: .soon) { rest.popFirst().map { Array($0.utf8) } }
    }

    @Test func `COPY loads rows, however they are split into chunks`() async throws {
        try await withDatabase(.empty) { database in
            var connection = try database.connect()
            try connection.executeScript("CREATE TABLE t (n integer, word text)", deadline: .soon)

            try Self.copy(["1\ton", "e\n2\t", "", "\\N\n"], into: &connection)

            #expect(try connection.text("SELECT string_agg(t::text, ' ' ORDER BY n) FROM t") == "(1,one) (2,)")
            let isIdle = connection.isIdle
            #expect(isIdle)
        }
    }

    @Test func `COPY of no rows succeeds`() async throws {
        try await withDatabase(.empty) { database in
            var connection = try database.connect()
            try connection.executeScript("CREATE TABLE t (n integer)", deadline: .soon)

            try Self.copy([], into: &connection)

            #expect(try connection.text("SELECT count(*) FROM t") == "0")
        }
    }

    @Test func `an invalid row in a large COPY is an error, and the connection stays usable`() async throws {
        try await withDatabase(.empty) { database in
            var connection = try database.connect()
            try connection.executeScript("CREATE TABLE t (n integer)", deadline: .soon)
            let chunk = String(repeating: "1\n", count: 50_000)

            let error = databaseError {
                try Self.copy(
                    Array(repeating: chunk, count: 20) + ["wrong\n"] + Array(repeating: chunk, count: 60),
                    into: &connection
                )
            }

            #expect(error?.kind == .server)
            #expect(error?.sqlState == SQLState(rawValue: "22P02"))
            #expect(try connection.text("SELECT count(*) FROM t") == "0")
        }
    }

    @Test func `COPY into a table that does not exist is an error, and the connection stays usable`() async throws {
        try await withDatabase(.empty) { database in
            var connection = try database.connect()

            let error = databaseError { try Self.copy(["1\n"], into: &connection) }

            #expect(error?.sqlState == .undefinedTable)
            let isIdle = connection.isIdle
            #expect(isIdle)
        }
    }
}
