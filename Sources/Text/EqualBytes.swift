extension UnsafeBufferPointer<UInt8> {
    /// Whether both have the same bytes. Compares eight at a time, where `elementsEqual` takes several instructions for
    /// each byte.
    @inlinable package func hasSameBytes(as other: UnsafeBufferPointer<UInt8>) -> Bool {
        guard count == other.count else { return false }
        let one = UnsafeRawBufferPointer(self)
        let other = UnsafeRawBufferPointer(other)
        var offset = 0
        while count - offset >= 8 {
            let word = one.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
            guard word == other.loadUnaligned(fromByteOffset: offset, as: UInt64.self) else { return false }
            offset += 8
        }
        while offset < count {
            guard one[offset] == other[offset] else { return false }
            offset += 1
        }
        return true
    }
}

extension String {
    /// Whether both have the same UTF-8, where `==` compares by canonical equivalence.
    package func hasSameBytes(as other: String) -> Bool {
        var one = self
        var other = other
        return one.withUTF8 { one in other.withUTF8 { one.hasSameBytes(as: $0) } }
    }
}
