extension Bool: BinaryDecodable {
    @inlinable package init?(binary bytes: UnsafeRawBufferPointer) {
        guard bytes.count == 1 else { return nil }
        self = bytes[0] != 0
    }
}

extension Bool: BinaryEncodable {
    @inlinable package var encodedCount: Int { 1 }

    @inlinable package func encode(to bytes: UnsafeMutableRawPointer) {
        bytes.storeBytes(of: self ? 1 : 0, as: UInt8.self)
    }
}
