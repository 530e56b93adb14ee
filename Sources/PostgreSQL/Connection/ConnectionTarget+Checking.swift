internal import CLibPQ

extension ConnectionTarget {
    /// Finds what libpq would read otherwise than it was meant, so that a piece of the password becomes a host, a port
    /// or a name of a database. libpq, the resolver and the server quote these in their messages.
    ///
    /// - Throws: ``DatabaseError`` of kind `connect`. Its message completes "the setting is ...", and quotes nothing.
    static func check(_ conninfo: String) throws(DatabaseError) {
        guard let options = PQconninfoParse(conninfo, nil) else {
            throw DatabaseError(.connect, "not a connection URI or keyword string that libpq can read")
        }
        let values = values(options)
        if let scheme = uriSchemes.first(where: { conninfo.hasPrefix($0) }) {
            if hasMisplacedAt(conninfo.dropFirst(scheme.count)) { throw .misread("a URI with an @ in the wrong place") }
        } else if values.contains(where: { $0.key != "password" && $0.value.contains("password=") }) {
            throw .misread("a keyword string without a blank before \"password\"", hint: "put a blank between keywords")
        }
        let ports = values["port"]?.split(separator: ",", omittingEmptySubsequences: false) ?? []
        guard ports.allSatisfy({ $0.isEmpty || UInt16($0) != nil }) else {
            throw .misread("a text in which the port is no number from 0 to 65535")
        }
        let hosts = values["host"]?.split(separator: ",", omittingEmptySubsequences: false) ?? []
        // A Unix socket is a path, or an abstract name that begins with @.
        guard hosts.allSatisfy({ $0.hasPrefix("/") || !$0.dropFirst().contains("@") }) else {
            throw .misread("a text with an @ in the name of a host")
        }
    }

    /// As libpq's `conninfo_uri_parse_options` knows them.
    private static let uriSchemes = ["postgresql://", "postgres://"]

    /// libpq takes what is before the first `@` for user and password, unless a `/` comes before it. Another one, or
    /// one in the name of the database, belongs to a password whose `@` or `/` was not escaped.
    private static func hasMisplacedAt(_ rest: Substring) -> Bool {
        let bytes = rest.utf8
        let isUserEnd = { (byte: UInt8) in byte == UInt8(ascii: "@") || byte == UInt8(ascii: "/") }
        let end = bytes.firstIndex(where: isUserEnd)
        let hasUser = end.map { bytes[$0] == UInt8(ascii: "@") } ?? false
        let place = hasUser ? end.map { bytes[bytes.index(after: $0)...] } ?? bytes[...] : bytes[...]
        return place.prefix { $0 != UInt8(ascii: "?") }.contains(UInt8(ascii: "@"))
    }
}

extension DatabaseError {
    fileprivate static func misread(
        _ message: String,
        hint: String = """
        in user and password write @ as %40, / as %2F, : as %3A, ? as %3F, # as %23 and % as %25, or give the \
        password by PGPASSWORD
        """
    ) -> DatabaseError {
        var error = DatabaseError(.connect, message)
        error.hint = hint
        return error
    }
}
