/// Decodes and encodes `bytea`.
extension [UInt8]: BinaryDecodable {
    @inlinable package init?(binary bytes: UnsafeRawBufferPointer) {
        self.init(bytes)
    }
}

extension [UInt8]: BinaryEncodable {
    @inlinable package func encode(into bytes: inout [UInt8]) {
        bytes.append(contentsOf: self)
    }
}
