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
    /// The values one after the other, and behind ``used`` zeros, to be overwritten.
    @usableFromInline var bytes: [UInt8] = []
    @usableFromInline var used = 0
    /// The length of each value in bytes; -1 is NULL.
    @usableFromInline var lengths: [Int32] = []

    @inlinable package init() {}

    /// Makes an empty list and reserves memory, to avoid reallocation while values are appended.
    @inlinable package init(reservingBytes byteCount: Int, slots slotCount: Int) {
        bytes = [UInt8](repeating: 0, count: byteCount)
        lengths.reserveCapacity(slotCount)
    }

    @inlinable package mutating func append(_ value: some BinaryEncodable) {
        let length = value.encodedCount
        append(bytes: length) { value.encode(to: $0) }
        lengths.append(Int32(length))
    }

    @inlinable package mutating func append(_ value: (some BinaryEncodable)?) {
        if let value { append(value) } else { appendNull() }
    }

    @inlinable package mutating func appendNull() {
        lengths.append(-1)
    }

    /// Appends a one-dimensional array. `element` gives the value at an index, from 0; nil is NULL.
    ///
    /// The format is that of PostgreSQL's `array_recv`: number of dimensions, whether there are NULLs, element type,
    /// length, lower bound, then for each element its length and its bytes.
    @inlinable package mutating func append<Element: BinaryEncodable>(
        arrayOf type: TypeOID,
        count: Int,
        element: (Int) -> Element?
    ) {
        let start = used
        append(bytes: count == 0 ? 12 : 20) { header in
            header.store(bigEndian: count == 0 ? 0 : 1 as Int32)
            header.store(bigEndian: 0 as Int32, at: 4)
            header.store(bigEndian: type.rawValue, at: 8)
            guard count > 0 else { return }
            header.store(bigEndian: Int32(count), at: 12)
            header.store(bigEndian: 1 as Int32, at: 16)
        }
        var hasNulls = false
        for index in 0..<count {
            if let value = element(index) {
                let length = value.encodedCount
                append(bytes: 4 + length) {
                    $0.store(bigEndian: Int32(length))
                    value.encode(to: $0 + 4)
                }
            } else {
                hasNulls = true
                append(bytes: 4) { $0.store(bigEndian: -1 as Int32) }
            }
        }
        if hasNulls { bytes.withUnsafeMutableBytes { $0.storeBytes(of: 1, toByteOffset: start + 7, as: UInt8.self) } }
        lengths.append(Int32(used - start))
    }

    @inlinable package mutating func append(array elements: [some BinaryEncodable], of type: TypeOID) {
        append(arrayOf: type, count: elements.count) { elements[$0] }
    }

    /// Appends so many bytes, which `write` writes.
    @inlinable mutating func append(bytes count: Int, write: (UnsafeMutableRawPointer) -> Void) {
        let start = used
        used += count
        if used > bytes.count { grow() }
        bytes.withUnsafeMutableBytes { buffer in
            if let base = buffer.baseAddress { write(base + start) }
        }
    }

    @usableFromInline mutating func grow() {
        bytes.append(contentsOf: repeatElement(0, count: max(used - bytes.count, bytes.count)))
    }

    /// Calls `body` with a pointer to each value, as libpq takes them: null is NULL.
    func withPointers(_ body: (UnsafePointer<UnsafePointer<CChar>?>?) -> Int32) -> Int32 {
        bytes.withUnsafeBytes { bytes in
            withUnsafeTemporaryAllocation(of: UnsafePointer<CChar>?.self, capacity: lengths.count) { values in
                // An empty value has a pointer too, to any byte.
                withUnsafeBytes(of: 0 as UInt8) { empty in
                    var next = (bytes.baseAddress ?? empty.baseAddress)?.assumingMemoryBound(to: CChar.self)
                    for (index, length) in lengths.enumerated() {
                        values.initializeElement(at: index, to: length < 0 ? nil : next)
                        next = next?.advanced(by: max(0, Int(length)))
                    }
                    return body(values.baseAddress.map { UnsafePointer($0) })
                }
            }
        }
    }
}
