internal import Domain
internal import JOSE
internal import JSON
internal import Persistence
internal import PostgreSQL

/// The claims of a Stream token, and its row in the database.
struct TokenInspection: CustomStringConvertible {
    let token: StreamToken
    /// The setting whose secret has signed it.
    let signedWith: Setting
    let record: TokenLookup?
    /// Whether the row has the SHA-256 of exactly this token.
    let digestAgrees: Bool

    /// - Throws: ``CommandFailure`` when the token was signed with neither of the secrets or has no UUIDv7 as its `jti`, or
    ///   when the database cannot be read.
    init(_ bytes: [UInt8], secrets: StreamSecrets, target: ConnectionTarget) async throws {
        (token, signedWith) = try Self.verify(bytes, with: secrets)
        guard let id = token.tokenID.flatMap({ UUIDv7($0) }) else {
            throw CommandFailure(.badData, "the token carries no jti of ours")
        }
        let found = await onThreadOfItsOwn(named: "inspect") {
            Result {
                var connection = try Connection.open(target, deadline: .after(.seconds(10)))
                try SchemaRequirement.check(on: &connection)
                return try TokenLookup.find(id, deadline: .after(.seconds(10)), on: &connection)
            }
        }
        do {
            record = try found.get()
        } catch let error as DatabaseError {
            throw CommandFailure(.unavailable, "the database did not answer: \(error)")
        }
        digestAgrees = record?.tokenSHA256 == SHA256.hash(bytes)
    }

    /// Tries the secret that signs, and then the one before it.
    private static func verify(
        _ bytes: [UInt8],
        with secrets: StreamSecrets
    ) throws(CommandFailure) -> (StreamToken, Setting) {
        var candidates = [(secrets.signer.verifier, Setting.streamAPISecret)]
        if let previous = secrets.previous { candidates.append((previous, .streamAPISecretPrevious)) }
        for (verifier, setting) in candidates {
            do {
                return (try StreamToken.verify(bytes, with: verifier), setting)
            } catch .badSignature {
                continue
            } catch {
                throw CommandFailure(.badData, "\(error)")
            }
        }
        let signers =
            secrets.previous == nil
            ? "STREAM_API_SECRET has not" : "neither STREAM_API_SECRET nor STREAM_API_SECRET_PREVIOUS has"
        throw CommandFailure(.badData, "\(StreamTokenError.badSignature): \(signers) signed this token")
    }

    /// Whether the token was signed with one of the secrets and its row has the SHA-256 of exactly this token.
    var isSound: Bool { digestAgrees }

    private var fields: [(name: String, value: String)] {
        var fields = [
            ("jti", token.tokenID ?? ""),
            ("user_id", token.userID),
            ("call_cids", token.callCIDs.joined(separator: ",")),
            ("role", token.role ?? ""),
            ("expires_at", token.expiresAt.map { Timestamp(secondsSinceEpoch: $0).rfc3339 } ?? ""),
            ("signed_with", signedWith.name),
            ("record", record == nil ? "missing" : "found"),
            ("sha256", digestAgrees ? "agrees" : "differs"),
        ]
        if let record {
            fields += [
                ("meeting_id", record.meetingID), ("granted_role", record.grantedRole), ("tier_id", record.tierID),
                ("issued_at", record.issuedAt.rfc3339), ("signing_key_id", record.signingKeyID),
            ]
        }
        return fields
    }

    var description: String {
        fields.map { "\($0.name.padding(to: 15)) \($0.value)" }.joined(separator: "\n")
    }

    var json: String {
        var json = JSONWriter()
        json.object { json in
            for field in fields { json.member(field.name, field.value) }
        }
        return json.text
    }
}

extension String {
    fileprivate func padding(to width: Int) -> String {
        self + String(repeating: " ", count: max(0, width - count))
    }
}
