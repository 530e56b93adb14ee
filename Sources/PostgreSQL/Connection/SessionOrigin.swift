internal import CLibPQ

/// Opens further sessions like an open one: same server, database, login and options.
///
/// It holds the password, and is therefore not printable.
package struct SessionOrigin: Sendable {
    fileprivate let parameters: [(keyword: String, value: String)]

    /// Connects.
    ///
    /// - Throws: ``DatabaseError`` of kind `connect` or `timedOut`.
    package func open(
        preparesStatements: Bool = true,
        deadline: Deadline
    ) throws(DatabaseError) -> Connection {
        // The address is among the parameters, so no name has to be resolved.
        try Connection.open(
            parameters,
            preparesStatements: preparesStatements,
            deadline: deadline,
            isCancelled: { false }
        )
    }
}

extension Connection {
    /// Of several hosts, only the one that this connection has reached.
    ///
    /// - Throws: ``DatabaseError`` when libpq has no memory left.
    package borrowing func sessionOrigin() throws(DatabaseError) -> SessionOrigin {
        guard let options = PQconninfo(raw) else { throw DatabaseError(.connect, "out of memory") }
        defer { PQconninfoFree(options) }
        var values: [String: String] = [:]
        var option = options
        while let keyword = option.pointee.keyword {
            if let value = option.pointee.val, value.pointee != 0 {
                values[String(cString: keyword)] = String(cString: value)
            }
            option += 1
        }
        for (keyword, value) in [("host", PQhost(raw)), ("port", PQport(raw)), ("hostaddr", PQhostaddr(raw))] {
            values[keyword] = value.map { String(cString: $0) }.flatMap { $0.isEmpty ? nil : $0 }
        }
        // libpq takes the value of `dbname` for a whole connection string when it looks like one.
        let name = values.removeValue(forKey: "dbname").map { name in
            "dbname='\(name.replacing("\\", with: "\\\\").replacing("'", with: "\\'"))'"
        }
        let database = name.map { [(keyword: "dbname", value: $0)] } ?? []
        return SessionOrigin(parameters: database + values.map { (keyword: $0.key, value: $0.value) })
    }

    /// Runs a script that deallocates all prepared statements.
    package mutating func executeScript(deallocatingAll sql: String, deadline: Deadline) throws(DatabaseError) {
        prepared = []
        try executeScript(sql, deadline: deadline)
    }
}
