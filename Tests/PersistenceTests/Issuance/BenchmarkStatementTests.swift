import FoundationEssentials
import PostgreSQL
import Testing

@testable import Persistence

/// The statements of the benchmark, which are copies of ours: if they differ, its ratios compare different things.
@Suite struct BenchmarkStatementTests {
    /// A file under `bench` with SQL of ours.
    enum Copy: String, CaseIterable, Sendable {
        case pgbench = "issue.sql"
        case peer = "peer/app.py"
        case rust = "rust-peer/issue_batch.sql"

        func text() throws -> String {
            let tests = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            let repository = tests.deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
            let file = repository.appendingPathComponent("bench").appendingPathComponent(rawValue)
            return try String(contentsOf: file, encoding: .utf8)
        }
    }

    @Test(arguments: Copy.allCases)
    func `the benchmark inserts the columns of the record, in its order`(copy: Copy) throws {
        let insert = try #require(TokenRecord.insert.statements.first)
        let columns = try Self.insertedColumns(insert.sql)

        #expect(columns.count == 26)
        #expect(try Self.insertedColumns(copy.text()) == columns)
    }

    @Test(arguments: Copy.allCases)
    func `the benchmark joins the tables of the facts statement on its conditions`(copy: Copy) throws {
        let facts = try #require(FactsStatement(countsRecentRequests: true).statements.first)
        // For the Retry-After of a refusal by the quota, which the benchmark never sees.
        let withoutOldest = facts.sql
            .replacing(", min(record.at) AS oldest", with: "")
            .replacing("token.issued_at AS at", with: "token.issued_at")
            // Of one request, the period of all requests is its own.
            .replacing(#/\s+AND \w+\.\w+ > \$4\s+AND \w+\.\w+ < \$5/#, with: "")
        let joins = Self.joins(in: withoutOldest[...])

        #expect(joins.count == 9)
        switch copy {
        case .peer:
            let statement = try Self.part(of: copy.text(), from: "FACTS = \"\"\"", to: "\"\"\"")
            #expect(Self.joins(in: statement) == joins)
        case .pgbench, .rust:
            // The end of what comes before the facts, and the beginning of what comes behind them.
            let start = copy == .rust ? "AS request" : "gen_random_uuid()::text, NULL::uuid"
            let end = copy == .rust ? ", issued AS (" : ";"
            let copied = Self.joins(in: try Self.part(of: copy.text(), from: start, to: end))
            #expect(copied.count == joins.count)
            // It judges in SQL what the policy judges, by further conditions behind ours.
            for (copied, join) in zip(copied, joins) { #expect(copied.hasPrefix(join)) }
        }
    }

    /// The columns that `INSERT INTO connvo.issued_tokens (...)` names.
    private static func insertedColumns(_ text: String) throws -> [String] {
        let list = try part(of: normalized(text[...]), from: "INSERT INTO connvo.issued_tokens (", to: ")")
        return list.split(separator: ", ").map(String.init)
    }

    /// What stands behind each JOIN: the table, its alias and the condition.
    private static func joins(in statement: Substring) -> [String] {
        normalized(statement).split(separator: "JOIN ").dropFirst().map { join in
            for kind in [" LEFT ", " CROSS ", " "] where join.hasSuffix(kind) {
                return String(join.dropLast(kind.count))
            }
            return String(join)
        }
    }

    private static func normalized(_ text: Substring) -> String {
        text.split(whereSeparator: \.isWhitespace).joined(separator: " ")
    }

    private static func part(of text: String, from start: String, to end: String) throws -> Substring {
        let begin = try #require(text.firstRange(of: start)).upperBound
        let stop = try #require(text[begin...].firstRange(of: end)).lowerBound
        return text[begin..<stop]
    }
}
