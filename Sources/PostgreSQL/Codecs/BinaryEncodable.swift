/// A value that can be encoded in the binary format that PostgreSQL's `*_recv` functions read.
@usableFromInline package protocol BinaryEncodable: SendableMetatype {
    /// How many bytes ``encode(to:)`` writes.
    var encodedCount: Int { get }

    /// Writes the value to `bytes`, where there is room for ``encodedCount`` bytes.
    func encode(to bytes: UnsafeMutableRawPointer)
}

extension UnsafeMutableRawPointer {
    /// Writes the bytes of `value`, most significant byte first.
    @inlinable package func store<Value: FixedWidthInteger & BitwiseCopyable>(
        bigEndian value: Value,
        at offset: Int = 0
    ) {
        storeBytes(of: value.bigEndian, toByteOffset: offset, as: Value.self)
    }
}
