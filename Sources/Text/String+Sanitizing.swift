extension String {
    /// Makes untrusted bytes safe for a log line: keeps `[A-Za-z0-9._-]`, replaces every other byte by `?`, and cuts
    /// the text at `limit` bytes.
    package init(sanitizing bytes: some Collection<UInt8>, limit: Int) {
        let kept = bytes.prefix(limit).map { byte in
            byte.isIdentifierCharacter || byte == UInt8(ascii: ".") ? byte : UInt8(ascii: "?")
        }
        self.init(decoding: kept, as: UTF8.self)
    }
}
