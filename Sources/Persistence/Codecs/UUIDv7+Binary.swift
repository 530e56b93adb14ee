internal import Domain
internal import PostgreSQL

extension UUIDv7: BinaryEncodable {
    /// The sixteen bytes, in the order of RFC 9562.
    package var encodedCount: Int { 16 }

    package func encode(to bytes: UnsafeMutableRawPointer) {
        bytes.store(bigEndian: high)
        bytes.store(bigEndian: low, at: 8)
    }
}
