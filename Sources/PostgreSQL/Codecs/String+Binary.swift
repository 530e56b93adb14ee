extension String: BinaryDecodable {
    @inlinable package init?(binary bytes: UnsafeRawBufferPointer) {
        // Always valid UTF-8, because every connection sets `client_encoding` to UTF8.
        self.init(decoding: bytes, as: UTF8.self)
    }
}

extension String: BinaryEncodable {
    @inlinable package func encode(into bytes: inout [UInt8]) {
        // At once where the bytes lie together, as nearly always.
        guard utf8.withContiguousStorageIfAvailable({ bytes.append(contentsOf: $0) }) == nil else { return }
        bytes.append(contentsOf: utf8)
    }
}
