package import PostgreSQL

extension DatabaseDiagnosis {
    /// The extensions that the migrations make.
    package static let neededExtensions = ["btree_gist"]

    package enum ExtensionState: String, Hashable, Sendable {
        case installed
        /// Its files are there; `migrate up` makes it.
        case available
        /// The server's package of extensions (`postgresql-contrib`) is not installed.
        case absent
    }

    package static func state(
        ofExtension name: String,
        deadline: Deadline,
        on connection: inout Connection
    ) throws(DatabaseError) -> ExtensionState {
        var parameters = Parameters()
        parameters.append(name)
        let row = try connection.execute(extensionStatement, parameters, deadline: deadline).onlyRow
        if try row.decode(0, as: Bool.self) { return .installed }
        return try row.decode(1, as: Bool.self) ? .available : .absent
    }

    private static let extensionStatement = Statement(
        "diagnosis.extension",
        """
        SELECT EXISTS (SELECT 1 FROM pg_catalog.pg_extension WHERE extname = $1),
            EXISTS (SELECT 1 FROM pg_catalog.pg_available_extensions WHERE name = $1)
        """,
        parameters: [.text]
    )
}
