extension FixedWidthInteger where Self: BinaryDecodable {
    @inlinable package init?(binary bytes: UnsafeRawBufferPointer) {
        guard bytes.count == MemoryLayout<Self>.size else { return nil }
        self.init(bigEndian: bytes.loadUnaligned(as: Self.self))
    }
}

extension Int16: BinaryDecodable {}
extension Int32: BinaryDecodable {}
extension Int64: BinaryDecodable {}

extension Int32: BinaryEncodable {
    @inlinable package func encode(into bytes: inout [UInt8]) {
        bytes.append(bigEndian: self)
    }
}

extension Int64: BinaryEncodable {
    @inlinable package func encode(into bytes: inout [UInt8]) {
        bytes.append(bigEndian: self)
    }
}
