package import Domain
internal import PostgreSQL

extension Subscription.ID: BinaryDecodable {
    package init?(binary bytes: UnsafeRawBufferPointer) {
        guard bytes.count == 16 else { return nil }
        self.init(
            high: UInt64(bigEndian: bytes.loadUnaligned(as: UInt64.self)),
            low: UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
        )
    }
}

extension Subscription.ID: BinaryEncodable {
    package var encodedCount: Int { 16 }

    package func encode(to bytes: UnsafeMutableRawPointer) {
        bytes.store(bigEndian: high)
        bytes.store(bigEndian: low, at: 8)
    }
}
