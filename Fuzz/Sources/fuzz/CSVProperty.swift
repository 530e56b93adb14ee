@testable internal import SeedFiles
@testable internal import Text

/// CSV records do not depend on the chunks of the input, and records without a fault can be written and read again.
enum CSVProperty {
    static func check(_ input: [UInt8]) {
        let (records, isIncomplete) = scan([input])
        let cut = input.isEmpty ? 0 : Int(input[0]) % (input.count + 1)
        let again = scan([Array(input[..<cut]), Array(input[cut...])])
        hold(again.records == records && again.isIncomplete == isIncomplete, "records do not depend on the chunks")

        var written: [UInt8] = []
        for record in records {
            hold(!record.fields.isEmpty, "a record has a field")
            hold(record.fields.last?.content.upperBound == record.text.count, "fields hold all of the text")
            guard record.faults.isEmpty else { continue }
            for (index, field) in record.fields.enumerated() {
                hold(field.place.line >= record.place.line, "a field is inside its record")
                if index > 0 { written.append(UInt8(ascii: ",")) }
                written.append(UInt8(ascii: "\""))
                for byte in record.text[field.content] {
                    if byte == UInt8(ascii: "\"") { written.append(byte) }
                    written.append(byte)
                }
                written.append(UInt8(ascii: "\""))
            }
            written += [UInt8(ascii: "\r"), UInt8(ascii: "\n")]
        }
        let good = records.filter { $0.faults.isEmpty }
        let read = scan([written])
        hold(read.records.allSatisfy { $0.faults.isEmpty } && !read.isIncomplete, "written records have no fault")
        hold(read.records.map(values) == good.map(values), "written records have the same values")
    }

    private static func values(_ record: CSVScanner.Record) -> [[UInt8]] {
        record.fields.map { Array(record.text[$0.content]) }
    }

    private static func scan(_ pieces: [[UInt8]]) -> (records: [CSVScanner.Record], isIncomplete: Bool) {
        var scanner = CSVScanner()
        var records: [CSVScanner.Record] = []
        for piece in pieces { scanner.scan(piece) { records.append($0) } }
        scanner.finish { records.append($0) }
        return (records, scanner.isIncomplete)
    }
}
