import Domain
import Foundation
import Testing

@testable import Persistence
@testable import connvo_server

/// How cells are written: for spreadsheets, for programs, for terminals.
@Suite struct ReportFormatTests {
    private static let columns: [ReportColumn] = [.text("name"), .integer("count"), .decimal("ratio"), .instant("at")]

    private static func write(_ format: any ReportFormat, _ rows: [ReportValue]...) -> String {
        var format = format
        var bytes = format.begin(ReportHeading(title: "A report", columns: columns))
        for row in rows { bytes += format.row(row) }
        bytes += format.end()
        return String(decoding: bytes, as: UTF8.self)
    }

    @Test(arguments: [
        ("plain", "plain"),
        ("", "\"\""),
        ("a,b", "\"a,b\""),
        ("say \"hi\"", "\"say \"\"hi\"\"\""),
        ("two\nlines", "\"two\nlines\""),
        ("two\r\nlines", "\"two\r\nlines\""),
        ("=1+1", "'=1+1"),
        ("+1", "'+1"),
        ("-1", "'-1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1", "'\t=1"),
        ("\r=1", "\"'\r=1\""),
        ("\n=1", "\"'\n=1\""),
        ("=1,\"2\"", "\"'=1,\"\"2\"\"\""),
        ("a=1", "a=1"),
        (" =1", " =1"),
    ])
    func `csv quotes what it must and defuses formulas`(text: String, field: String) {
        let csv = Self.write(CSVFormat(), [.text(text), .integer(-5), .decimal(-0.5), .null])

        #expect(csv == "name,count,ratio,at\r\n\(field),-5,-0.5,\r\n")
    }

    @Test func `instants carry their zone and their fraction`() throws {
        let instant = try #require(Timestamp(rfc3339: "2026-01-05T23:59:59.750000Z"))
        let csv = Self.write(
            CSVFormat(),
            [.null, .null, .null, .instant(instant)],
            [.null, .null, .null, .instant(Timestamp(microsecondsSinceEpoch: -1))],
            [.null, .null, .null, .instant(.distantFuture)]
        )

        #expect(
            csv.split(separator: "\r\n").dropFirst()
                == [",,,2026-01-05T23:59:59.750000Z", ",,,1969-12-31T23:59:59.999999Z", ",,,infinity"]
        )
        #expect(ReportValue.day(instant).plain == "2026-01-05")
    }

    @Test func `json is valid with every text, and keeps numbers numbers`() throws {
        let rows: [[ReportValue]] = [
            [.text("\"\\\u{0}\u{1F}\n🎥\u{202E}"), .integer(.max), .decimal(0.125), .boolean(true)],
            [.null, .integer(.min), .decimal(.nan), .null],
        ]
        let lines = Self.write(NDJSONFormat(), rows[0], rows[1]).split(separator: "\n")
        let document = Self.write(JSONFormat(), rows[0], rows[1])

        #expect(lines.count == 2)
        #expect(lines[1] == #"{"name":null,"count":-9223372036854775808,"ratio":null,"at":null}"#)
        let first = try JSONSerialization.jsonObject(with: Data(lines[0].utf8)) as? [String: Any]
        #expect(first?["name"] as? String == "\"\\\u{0}\u{1F}\n🎥\u{202E}")
        #expect(first?["ratio"] as? Double == 0.125)
        let whole = try JSONSerialization.jsonObject(with: Data(document.utf8)) as? [String: Any]
        #expect((whole?["rows"] as? [Any])?.count == 2)
        let none = try JSONSerialization.jsonObject(with: Data(Self.write(JSONFormat()).utf8)) as? [String: Any]
        #expect((none?["rows"] as? [Any])?.isEmpty == true)
    }

    @Test func `a table lines up, and gives no orders to the terminal`() {
        let table = Self.write(
            TableFormat(),
            [.text("a\u{1B}[2J\nb\u{202E}"), .integer(7), .decimal(0.5), .instant(Timestamp(secondsSinceEpoch: 0))],
            [.text("会議"), .integer(1234), .decimal(12), .null]
        )

        #expect(
            table == """
                A report

                name                      count  ratio  at
                ------------------------  -----  -----  -------------------
                a\\u{1B}[2J\\u{A}b\\u{202E}      7    0.5  1970-01-01 00:00:00
                会議                       1234     12  -

                2 rows

                """
        )
    }

    @Test(arguments: [
        (0, "0"), (999, "999"), (1000, "1,000"), (-1_234_567, "-1,234,567"), (Int64.min, "-9,223,372,036,854,775,808"),
    ])
    func `large numbers are grouped`(number: Int64, text: String) {
        #expect(Figures.grouped(number) == text)
    }

    @Test(arguments: [(0.0, "0"), (950, "950"), (1200, "1.2k"), (35_000, "35k"), (1_500_000, "1.5M"), (2e9, "2G")])
    func `axes have short numbers`(number: Double, text: String) {
        #expect(Figures.short(number) == text)
    }

    @Test(arguments: [
        (0, 1.0, 1.0), (1, 1, 1), (4, 4, 1), (5, 6, 2), (97, 100, 50), (101, 150, 50), (1_234_567, 1_500_000, 500_000),
    ])
    func `an axis is round and holds the largest value`(largest: Int64, top: Double, step: Double) {
        let scale = AxisScale(holding: largest)

        #expect(scale.top == top)
        #expect(scale.step == step)
        #expect(scale.ticks.count <= 6)
    }

    @Test func `an axis holds every size of number`() {
        for power in 0..<63 {
            let largest = Int64(1) << Int64(power)
            let scale = AxisScale(holding: largest)
            #expect(scale.top >= Double(largest) && scale.ticks.count <= 6, "\(largest)")
        }
    }

    @Test(arguments: [
        ("token", ["token-holders", "tokens", "concurrent-tokens"]), ("tokns", ["tokens"]), ("TOKENS", ["tokens"]),
        ("refusal", ["refusals"]), ("holders", ["token-holders"]), ("overveiw", ["overview"]), ("xyzzy", []), ("", []),
    ])
    func `a name that is nearly right finds the right one`(given: String, near: [String]) {
        #expect(NearNames.of(given, in: Report.catalogue.map(\.name) + ["overview"]) == near)
    }

    @Test(arguments: [
        ("2026-11-01", "2026-11-01T00:00:00Z"), ("2026-11-01T09:00:00+05:45", "2026-11-01T03:15:00Z"),
        ("2024-02-29", "2024-02-29T00:00:00Z"),
    ])
    func `a bound is a day in UTC or an instant`(text: String, instant: String) {
        #expect(PeriodBound.parse(text)?.rfc3339 == instant)
    }

    @Test(arguments: [
        "", "2026-11", "2026-11-31", "2025-02-29", "yesterday", "2026-11-01T09:00:00", "2026-11-01Z", "1",
    ])
    func `anything else is no bound`(text: String) {
        #expect(PeriodBound.parse(text) == nil)
    }
}
