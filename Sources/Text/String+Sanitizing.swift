extension String {
    /// Makes text from outside fit for a log line: `[A-Za-z0-9._-]` stays, every other byte becomes `?`, and
    /// what is longer than `limit` bytes is cut.
    package init(sanitizing bytes: some Collection<UInt8>, limit: Int) {
        let kept = bytes.prefix(limit).map { byte in
            byte.isIdentifierCharacter || byte == UInt8(ascii: ".") ? byte : UInt8(ascii: "?")
        }
        self.init(decoding: kept, as: UTF8.self)
    }
}
