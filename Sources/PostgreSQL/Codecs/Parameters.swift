/// The parameter values for one execution of a statement, in PostgreSQL's binary format and in one buffer.
///
/// Pointers into the buffer exist only during the call that sends it.
///
/// ```swift
/// var parameters = Parameters()
/// parameters.append("user_alice")
/// parameters.append(array: [1, 2, 3] as [Int64], of: .int8Array)
/// ```
@usableFromInline package struct Parameters: Sendable {
    @usableFromInline var bytes: [UInt8] = []
    /// The range of each value in `bytes`; nil is NULL.
    @usableFromInline var slots: [Range<Int>?] = []

    @inlinable package init() {}

    /// Makes an empty list and reserves memory, to avoid reallocation while values are appended.
    @inlinable package init(reservingBytes byteCount: Int, slots slotCount: Int) {
        bytes.reserveCapacity(byteCount)
        slots.reserveCapacity(slotCount)
    }

    @inlinable package mutating func append(_ value: some BinaryEncodable) {
        let start = bytes.count
        value.encode(into: &bytes)
        slots.append(start..<bytes.count)
    }

    @inlinable package mutating func append(_ value: (some BinaryEncodable)?) {
        if let value { append(value) } else { appendNull() }
    }

    @inlinable package mutating func appendNull() {
        slots.append(nil)
    }

    /// Appends a value that `encode` writes, or NULL when `encode` writes nothing and returns false.
    @inlinable package mutating func append(encodedBy encode: (inout [UInt8]) -> Bool) {
        let start = bytes.count
        slots.append(encode(&bytes) ? start..<bytes.count : nil)
    }

    /// Appends a one-dimensional array. `encode` writes each element, or returns false for a NULL element.
    ///
    /// The format is that of PostgreSQL's `array_recv`: number of dimensions, whether there are NULLs, element type,
    /// length, lower bound, then for each element its length and its bytes.
    @inlinable package mutating func append(
        arrayOf type: TypeOID,
        count: Int,
        encode: (Int, inout [UInt8]) -> Bool
    ) {
        let start = bytes.count
        bytes.append(bigEndian: count == 0 ? 0 : 1 as Int32)
        let nullFlag = bytes.count
        bytes.append(bigEndian: 0 as Int32)
        bytes.append(bigEndian: type.rawValue)
        if count > 0 {
            bytes.append(bigEndian: Int32(count))
            bytes.append(bigEndian: 1 as Int32)
        }
        for index in 0..<count {
            let length = bytes.count
            bytes.append(bigEndian: -1 as Int32)
            if encode(index, &bytes) {
                bytes.overwrite(bigEndian: UInt32(bytes.count - length - 4), at: length)
            } else {
                bytes.overwrite(bigEndian: 1 as UInt32, at: nullFlag)
            }
        }
        slots.append(start..<bytes.count)
    }

    @inlinable package mutating func append(array elements: [some BinaryEncodable], of type: TypeOID) {
        append(arrayOf: type, count: elements.count) { index, bytes in
            elements[index].encode(into: &bytes)
            return true
        }
    }
}

extension [UInt8] {
    @inlinable mutating func overwrite(bigEndian value: UInt32, at offset: Int) {
        self[offset] = UInt8(truncatingIfNeeded: value >> 24)
        self[offset + 1] = UInt8(truncatingIfNeeded: value >> 16)
        self[offset + 2] = UInt8(truncatingIfNeeded: value >> 8)
        self[offset + 3] = UInt8(truncatingIfNeeded: value)
    }
}
