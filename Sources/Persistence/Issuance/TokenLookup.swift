package import Domain
package import PostgreSQL

/// The record of one token, as `token inspect` shows it to an operator who holds the token.
package struct TokenLookup: Sendable {
    package let issuedAt: Timestamp
    package let userID: String
    package let meetingID: String
    package let grantedRole: String
    package let tierID: String
    package let tokenSHA256: [UInt8]
    package let signingKeyID: String

    /// The id's own time bounds `issued_at`, so that one partition is read. A second each way covers the id's rounding
    /// to milliseconds.
    private static let statement = Statement(
        "token.lookup",
        """
        SELECT issued_at, user_id, meeting_id, granted_role, tier_id, token_sha256, signing_key_id
        FROM connvo.issued_tokens
        WHERE id = $1
          AND issued_at >= $2 AND issued_at <= $3
        """,
        parameters: [.uuid, .timestamptz, .timestamptz]
    )

    /// Finds the record; nil when there is none.
    package static func find(
        _ id: UUIDv7,
        deadline: Deadline,
        on connection: inout Connection
    ) throws(DatabaseError) -> TokenLookup? {
        var parameters = Parameters()
        parameters.append(id)
        parameters.append(id.instant - .seconds(1))
        parameters.append(id.instant + .seconds(1))
        let result = try connection.execute(statement, parameters, deadline: deadline)
        var found: TokenLookup?
        try result.forEachRow { (columns: inout RowReader) throws(DatabaseError) in
            found = TokenLookup(
                issuedAt: try columns.next(),
                userID: try columns.next(),
                meetingID: try columns.next(),
                grantedRole: try columns.next(),
                tierID: try columns.next(),
                tokenSHA256: try columns.next(),
                signingKeyID: try columns.next()
            )
        }
        return found
    }
}
