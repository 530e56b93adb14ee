internal import Domain
internal import PostgreSQL

extension UUIDv7: BinaryEncodable {
    /// The sixteen bytes, in the order of RFC 9562.
    package func encode(into bytes: inout [UInt8]) {
        bytes.append(bigEndian: high)
        bytes.append(bigEndian: low)
    }
}
