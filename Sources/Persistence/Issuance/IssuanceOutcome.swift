package import Domain

/// How a request ended. A token exists only in `issued`, and only after its record was committed.
package enum IssuanceOutcome: Sendable {
    case issued(IssuedToken)
    /// Refused by a rule; the refusal is recorded.
    case refused(Refusal)
    /// The caller's quota is used up: `limit` requests a minute. `retryAfter` is in whole seconds, at least 1.
    case rateLimited(limit: Int, retryAfter: Int64)
    /// Nothing can be said now; the client may ask again.
    case unavailable(Unavailability)
    /// The record of this one request could not be written: a bug, to be found in the log.
    case failed

    /// Why a request got no answer. Raw values are the labels of logs and metrics.
    package enum Unavailability: String, CaseIterable, Sendable {
        /// Too many were waiting already.
        case overloaded
        /// It waited too long for a connection.
        case waitedTooLong = "waited_too_long"
        /// No connection to the database can be made.
        case databaseAway = "database_away"
        /// The database refused or did not answer in time; nothing was recorded.
        case databaseFailed = "database_failed"
        /// `COMMIT` was sent and never answered: a record may exist, its token was not handed out.
        case commitUnknown = "commit_unknown"
        /// The month's partition is missing.
        case noPartition = "no_partition"
        case shuttingDown = "shutting_down"
    }
}

/// A token, to be handed out once its record is committed.
///
/// A class, because record, outcome and answer share it, and an admission holds many strings: each copy of a struct would
/// count up every one.
package final class IssuedToken: Sendable {
    package let id: UUIDv7
    package let admission: Admission
    /// The compact JWS, as ASCII.
    package let token: [UInt8]
    /// Seconds since the epoch, exactly as the token's `exp`.
    package let expiresAt: Int64

    init(id: UUIDv7, admission: Admission, token: [UInt8], expiresAt: Int64) {
        self.id = id
        self.admission = admission
        self.token = token
        self.expiresAt = expiresAt
    }
}

/// What the signer of tokens is given.
package struct TokenContents: Sendable {
    package let id: UUIDv7
    package let admission: Admission
    /// Whole seconds since the epoch.
    package let issuedAt: Int64
    package let expiresAt: Int64
}

/// What the signer of tokens gives back.
package struct SignedToken: Sendable {
    package let bytes: [UInt8]
    /// SHA-256 of `bytes`, 32 bytes: what the record keeps instead of the token.
    package let sha256: [UInt8]

    package init(bytes: [UInt8], sha256: [UInt8]) {
        self.bytes = bytes
        self.sha256 = sha256
    }
}
