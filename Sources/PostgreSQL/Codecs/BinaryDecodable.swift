/// A value that can be read from the binary form PostgreSQL's `*_send` functions write.
package protocol BinaryDecodable {
    /// Nil when the bytes are not a value of this type.
    init?(binary bytes: UnsafeRawBufferPointer)
}
