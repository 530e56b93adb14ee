extension Bool: BinaryDecodable {
    @inlinable package init?(binary bytes: UnsafeRawBufferPointer) {
        guard bytes.count == 1 else { return nil }
        self = bytes[0] != 0
    }
}

extension Bool: BinaryEncodable {
    @inlinable package func encode(into bytes: inout [UInt8]) {
        bytes.append(self ? 1 : 0)
    }
}
