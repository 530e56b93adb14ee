/// Decodes and encodes `bytea`.
extension [UInt8]: BinaryDecodable {
    @inlinable package init?(binary bytes: UnsafeRawBufferPointer) {
        self.init(bytes)
    }
}

extension [UInt8]: BinaryEncodable {
    @inlinable package var encodedCount: Int { count }

    @inlinable package func encode(to bytes: UnsafeMutableRawPointer) {
        UnsafeMutableRawBufferPointer(start: bytes, count: count).copyBytes(from: self)
    }
}
