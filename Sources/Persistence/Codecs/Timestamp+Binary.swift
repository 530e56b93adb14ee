package import Domain
internal import PostgreSQL

extension Timestamp {
    /// Microseconds from 1970-01-01 to 2000-01-01, the epoch of PostgreSQL's binary `timestamptz`.
    private static let postgresEpoch: Int64 = 946_684_800_000_000

    /// The binary value of `timestamptz`: microseconds since 2000-01-01, with the extremes of `Int64`
    /// for the infinities (PostgreSQL's `datatype/timestamp.h`).
    var postgresMicroseconds: Int64 {
        switch self {
        case .distantPast: return .min
        case .distantFuture: return .max
        default:
            let (value, overflow) = microsecondsSinceEpoch.subtractingReportingOverflow(Self.postgresEpoch)
            return overflow ? .min : value
        }
    }

    init(postgresMicroseconds value: Int64) {
        switch value {
        case .min: self = .distantPast
        case .max: self = .distantFuture
        default:
            let (sum, overflow) = value.addingReportingOverflow(Self.postgresEpoch)
            self = overflow ? .distantFuture : Timestamp(microsecondsSinceEpoch: sum)
        }
    }
}

extension Timestamp: BinaryDecodable {
    package init?(binary bytes: UnsafeRawBufferPointer) {
        guard let value = Int64(binary: bytes) else { return nil }
        self.init(postgresMicroseconds: value)
    }
}

extension Timestamp: BinaryEncodable {
    package var encodedCount: Int { 8 }

    package func encode(to bytes: UnsafeMutableRawPointer) {
        bytes.store(bigEndian: postgresMicroseconds)
    }
}
