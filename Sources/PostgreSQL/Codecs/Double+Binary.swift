/// Decodes `double precision`.
extension Double: BinaryDecodable {
    @inlinable package init?(binary bytes: UnsafeRawBufferPointer) {
        guard bytes.count == MemoryLayout<UInt64>.size else { return nil }
        self.init(bitPattern: UInt64(bigEndian: bytes.loadUnaligned(as: UInt64.self)))
    }
}
