import Testing
import Text

@testable import SeedFiles

@Suite struct CSVScannerTests {
    private struct Scanned: Equatable {
        var records: [[String]] = []
        var quoted: [[Bool]] = []
        var places: [[String]] = []
        var faults: [String] = []
        var isIncomplete = false
    }

    private static func scan(_ bytes: [UInt8], pieceSize: Int) -> Scanned {
        var scanner = CSVScanner()
        var scanned = Scanned()
        func take(_ record: CSVScanner.Record) {
            scanned.records.append(record.fields.map { record.string($0) ?? "invalid" })
            scanned.quoted.append(record.fields.map(\.isQuoted))
            scanned.places.append(record.fields.map { "\($0.place.line):\($0.place.column)" })
            scanned.faults += record.faults.map { "\($0.place.line):\($0.place.column): \($0.message)" }
        }
        for start in stride(from: 0, to: bytes.count, by: pieceSize) {
            scanner.scan(Array(bytes[start..<min(start + pieceSize, bytes.count)]), take)
        }
        scanner.finish(take)
        scanned.isIncomplete = scanner.isIncomplete
        return scanned
    }

    /// The same whole and byte by byte.
    private func scan(_ text: String) -> Scanned {
        let whole = Self.scan(Array(text.utf8), pieceSize: 1 << 20)
        #expect(Self.scan(Array(text.utf8), pieceSize: 1) == whole)
        return whole
    }

    @Test(arguments: [
        ("a,b\nc,d\n", [["a", "b"], ["c", "d"]]),
        ("a,b\r\nc,d", [["a", "b"], ["c", "d"]]),
        ("a\n\n\r\nb\n", [["a"], ["b"]]),
        ("\"\"\n", [[""]]),
        (",\n,", [["", ""], ["", ""]]),
        ("\"x\"\"y\",\"1,2\",\"l1\nl2\r\nl3\"\r\n", [["x\"y", "1,2", "l1\nl2\r\nl3"]]),
        (" a , \"b", [[" a ", " \"b"]]),
        ("", []),
        ("ä", [["ä"]]),
    ])
    func `records are cut`(text: String, records: [[String]]) {
        #expect(scan(text).records == records)
    }

    @Test func `quotes are told from nothing, and places are those of the file`() {
        let scanned = scan("id,name\nä,\"\"\n\"x\ny\",,z\n,\r\n")

        #expect(scanned.quoted == [[false, false], [false, true], [true, false, false], [false, false]])
        #expect(scanned.places == [["1:1", "1:4"], ["2:1", "2:3"], ["3:1", "4:4", "4:5"], ["5:1", "5:2"]])
        #expect(scanned.faults.isEmpty && !scanned.isIncomplete)
    }

    @Test(arguments: [
        ("a,b\"c,d\ne", "1:4: a quote inside a value that does not begin with one", 2),
        ("a,\"b\" ,c\ne", "1:6: text behind the closing quote", 2),
        ("a\rb\n", "1:2: a carriage return without a line feed", 2),
        ("a\r", "1:2: a carriage return without a line feed", 1),
    ])
    func `a fault is reported once, and reading goes on`(text: String, fault: String, records: Int) {
        let scanned = scan(text)

        #expect(scanned.faults == [fault])
        #expect(scanned.records.count == records)
        #expect(!scanned.isIncomplete)
    }

    @Test func `a quote that is not closed is reported where it opens`() {
        let scanned = scan("a,b\nc,\"d\ne,f\n")

        #expect(scanned.faults == ["2:3: the quote is not closed"])
        #expect(scanned.isIncomplete)
    }

    @Test func `bytes that are not UTF-8 are no string`() {
        #expect(Self.scan([0x61, 0x2C, 0xC3, 0x0A], pieceSize: 1).records == [["a", "invalid"]])
    }
}
