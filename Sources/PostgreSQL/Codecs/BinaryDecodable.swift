/// A value that can be decoded from the binary format of PostgreSQL's `*_send` functions.
///
/// ```swift
/// extension MyID: BinaryDecodable {
///     package init?(binary bytes: UnsafeRawBufferPointer) {
///         guard let value = Int64(binary: bytes) else { return nil }
///         self.init(value)
///     }
/// }
/// ```
@usableFromInline package protocol BinaryDecodable {
    /// Returns nil when the bytes are not a value of this type.
    init?(binary bytes: UnsafeRawBufferPointer)
}
