extension FixedWidthInteger where Self: BinaryDecodable {
    @inlinable package init?(binary bytes: UnsafeRawBufferPointer) {
        guard bytes.count == MemoryLayout<Self>.size else { return nil }
        self.init(bigEndian: bytes.loadUnaligned(as: Self.self))
    }
}

extension Int16: BinaryDecodable {}
extension Int32: BinaryDecodable {}
extension Int64: BinaryDecodable {}

extension FixedWidthInteger where Self: BinaryEncodable & BitwiseCopyable {
    @inlinable package var encodedCount: Int { MemoryLayout<Self>.size }

    @inlinable package func encode(to bytes: UnsafeMutableRawPointer) {
        bytes.store(bigEndian: self)
    }
}

extension Int32: BinaryEncodable {}
extension Int64: BinaryEncodable {}
