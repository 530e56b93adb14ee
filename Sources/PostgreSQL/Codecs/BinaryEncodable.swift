/// A value that can be encoded in the binary format that PostgreSQL's `*_recv` functions read.
@usableFromInline package protocol BinaryEncodable: SendableMetatype {
    func encode(into bytes: inout [UInt8])
}

extension [UInt8] {
    /// Appends the bytes of `value`, most significant byte first.
    @inlinable package mutating func append(bigEndian value: some FixedWidthInteger) {
        Swift.withUnsafeBytes(of: value.bigEndian) { append(contentsOf: $0) }
    }
}
