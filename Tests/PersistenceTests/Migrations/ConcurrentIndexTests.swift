import Testing

@testable import Persistence

@Suite struct ConcurrentIndexTests {
    @Test(arguments: [
        ("CREATE INDEX CONCURRENTLY a_idx ON connvo.a (id);", "connvo.a_idx"),
        ("create unique index concurrently if not exists a_idx on connvo.a (id)", "connvo.a_idx"),
        (
            "-- why\n/* more */ CREATE INDEX\n    CONCURRENTLY a_idx\n    ON ONLY connvo.a (id)\n    WHERE id > 0;",
            "connvo.a_idx"
        ),
        (#"CREATE INDEX CONCURRENTLY "A ""b" ON "My schema".a (id);"#, #""My schema"."A ""b""#),
        ("CREATE INDEX CONCURRENTLY on_idx ON connvo.a USING gin (words);", "connvo.on_idx"),
    ])
    func `its name is read from the statement`(sql: String, name: String) throws {
        let index = try #require(try ConcurrentIndex(of: sql, file: "0001_a.sql"))

        #expect(index.qualifiedName == name)
    }

    @Test(arguments: [
        "CREATE INDEX a_idx ON connvo.a (id);", "REINDEX INDEX CONCURRENTLY connvo.a_idx;", "VACUUM connvo.a;",
        "-- CREATE INDEX CONCURRENTLY a_idx ON connvo.a (id);\nVACUUM;", "",
    ])
    func `other statements build none`(sql: String) throws {
        #expect(try ConcurrentIndex(of: sql, file: "0001_a.sql") == nil)
    }

    @Test(arguments: [
        "CREATE INDEX CONCURRENTLY ON connvo.a (id);", "CREATE INDEX CONCURRENTLY a_idx ON a (id);",
    ])
    func `one that could not be found again is refused`(sql: String) {
        #expect(throws: MigrationFailure.self) { try ConcurrentIndex(of: sql, file: "0001_a.sql") }
    }
}
