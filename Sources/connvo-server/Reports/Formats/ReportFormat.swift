internal import Persistence

/// Writes one kind of output, row by row. Each call returns the bytes that come next.
protocol ReportFormat {
    mutating func begin(_ heading: ReportHeading) -> [UInt8]
    mutating func row(_ values: [ReportValue]) -> [UInt8]
    mutating func end() -> [UInt8]
}
