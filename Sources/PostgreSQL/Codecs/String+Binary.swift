extension String: BinaryDecodable {
    @inlinable package init?(binary bytes: UnsafeRawBufferPointer) {
        // Always valid UTF-8, because every connection sets `client_encoding` to UTF8.
        self.init(decoding: bytes, as: UTF8.self)
    }
}

extension String: BinaryEncodable {
    @inlinable package var encodedCount: Int { utf8.count }

    @inlinable package func encode(to bytes: UnsafeMutableRawPointer) {
        UnsafeMutableRawBufferPointer(start: bytes, count: utf8.count).copyBytes(from: utf8)
    }
}
