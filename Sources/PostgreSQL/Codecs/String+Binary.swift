extension String: BinaryDecodable {
    @inlinable package init?(binary bytes: UnsafeRawBufferPointer) {
        // The server guarantees UTF-8: `client_encoding` is set at connect.
        self.init(decoding: bytes, as: UTF8.self)
    }
}

extension String: BinaryEncodable {
    @inlinable package func encode(into bytes: inout [UInt8]) {
        bytes.append(contentsOf: utf8)
    }
}
