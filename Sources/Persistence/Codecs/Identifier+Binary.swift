package import Domain
internal import PostgreSQL

extension Identifier: BinaryEncodable {
    package var encodedCount: Int { rawValue.encodedCount }

    package func encode(to bytes: UnsafeMutableRawPointer) {
        rawValue.encode(to: bytes)
    }
}
