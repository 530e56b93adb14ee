import TestSupport
import Testing

@testable import Persistence

/// The scanner sees the statements that PostgreSQL sees.
@Suite struct StatementScannerTests {
    private static func firstWords(_ sql: String) -> [String] {
        StatementScanner.statements(of: sql).map { $0.words.joined(separator: " ") }
    }

    @Test(arguments: [
        ("SELECT 1; COMMIT", ["SELECT", "COMMIT"]),
        (";;  ;", []),
        ("-- COMMIT;\nSELECT 1;", ["SELECT"]),
        ("-- one\rCOMMIT;", ["COMMIT"]),
        ("/* COMMIT; /* nested */ ; */ begin", ["BEGIN"]),
        ("SELECT '; COMMIT;' ;commit", ["SELECT", "COMMIT"]),
        ("SELECT 'it''s; COMMIT';", ["SELECT"]),
        ("SELECT 'a\\'; COMMIT; --'", ["SELECT", "COMMIT"]),
        ("SELECT E'a\\'; COMMIT; --'", ["SELECT"]),
        ("SELECT E'a'\n'b\\'; COMMIT; --'", ["SELECT"]),
        ("SELECT E'a' 'b\\'; COMMIT; --'", ["SELECT", "COMMIT"]),
        ("SELECT E'a' -- c\n 'b\\'; COMMIT; --'", ["SELECT"]),
        ("SELECT \"a;\"\"COMMIT;\";", ["SELECT"]),
        ("SELECT $$; COMMIT; $$; END", ["SELECT", "END"]),
        ("SELECT $a$; $$ COMMIT; $b$ $a$; END", ["SELECT", "END"]),
        ("SELECT a$b$; COMMIT; SELECT $b$ x $b$", ["SELECT A$B$", "COMMIT", "SELECT"]),
        ("EXECUTE p($1); COMMIT", ["EXECUTE P", "COMMIT"]),
        ("DO $$ BEGIN COMMIT; END $$;", ["DO"]),
        ("PREPARE TRANSACTION 'x'", ["PREPARE TRANSACTION"]),
        ("PREPARE /* a */ transaction 'x'", ["PREPARE TRANSACTION"]),
        ("CREATE RULE r AS ON INSERT TO t DO (DELETE FROM a; DELETE FROM b); COMMIT", ["CREATE RULE", "COMMIT"]),
        (
            "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1; SELECT CASE WHEN true THEN 2 END; END; COMMIT",
            ["CREATE FUNCTION", "COMMIT"]
        ),
        (
            "CREATE PROCEDURE p() BEGIN ATOMIC SELECT 1 AS \"end\"; SELECT 2 AS end; SELECT x.case FROM x; END; END",
            ["CREATE PROCEDURE", "END"]
        ),
        ("SELECT 1 AS begin; COMMIT", ["SELECT", "COMMIT"]),
        ("(SELECT 1); ROLLBACK", ["", "ROLLBACK"]),
        ("SELECT 1 +-- ;\n 2; ABORT", ["SELECT", "ABORT"]),
        ("SELECT 'no end; COMMIT;", ["SELECT"]),
        ("/* no end; COMMIT;", []),
        ("SELECT U&'a\\'; COMMIT; --'", ["SELECT U", "COMMIT"]),
    ])
    func `statements are told apart`(sql: String, words: [String]) {
        let found = Self.firstWords(sql)

        #expect(found.map { $0.split(separator: " ").prefix(1) } == words.map { $0.split(separator: " ").prefix(1) })
        for (one, other) in zip(found, words) where other.contains(" ") { #expect(one == other) }
    }

    @Test(arguments: [
        "BEGIN", "START TRANSACTION", "COMMIT", "END", "ROLLBACK", "ABORT", "SAVEPOINT a", "RELEASE a",
        "PREPARE TRANSACTION 'a'", "COMMIT PREPARED 'a'", "ROLLBACK TO a", "commit and chain", "Begin Work",
    ])
    func `transaction control is refused with its line`(statement: String) {
        let failure = #expect(throws: MigrationFailure.self) {
            try TransactionControl.refuse(in: "SELECT 1;\n\n \(statement);", file: "0001_a.sql")
        }

        #expect(failure?.description.hasPrefix("0001_a.sql: line 3 holds ") == true)
    }

    @Test(arguments: [
        "PREPARE a AS SELECT 1", "DO $$ BEGIN NULL; END $$", "SELECT 1 AS commit",
        "SET TRANSACTION ISOLATION LEVEL SERIALIZABLE",
        "CREATE TABLE connvo.begin (id integer)", "COMMENT ON TABLE connvo.a IS 'COMMIT; BEGIN'",
    ])
    func `what only looks like it is not`(statement: String) throws {
        try TransactionControl.refuse(in: statement, file: "0001_a.sql")
    }

    @Test func `the embedded files pass`() throws {
        let catalogue = try MigrationCatalogue.embedded(sha256: testChecksum)
        for migration in catalogue.migrations {
            try TransactionControl.refuse(in: migration.sql, file: migration.file)
            #expect(StatementScanner.statements(of: migration.sql).count > 0)
        }
        try TransactionControl.refuse(in: catalogue.roles, file: "roles.sql")
    }
}
