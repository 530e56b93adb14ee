internal import Domain
internal import JSON
internal import Persistence
internal import Text

/// What was decided under a request id, from its records. The youngest is explained; there are more when a client sent
/// an id more than once.
struct RecordedExplanation: Sendable {
    let requestID: String
    let record: RecordedDecision
    /// The times of the other records, as many as were read.
    let others: [Timestamp]

    /// Nil when there is no record.
    init?(requestID: String, records: [RecordedDecision]) {
        guard let record = records.first else { return nil }
        self.requestID = requestID
        self.record = record
        others = records.dropFirst().map(\.at)
    }

    // MARK: Text

    var text: String {
        var lines = ["Recorded  \(record.at.shown), request id \(requestID.safe(for: .table))"]
        switch record.outcome {
        case .issued(let grant):
            lines.append(
                """
                Then      a token for \(grant.callCID) as \(grant.role.rawValue) (\(grant.streamRole) at Stream), paid \
                by subscription \(grant.subscriptionID) (\(grant.tierID.safe(for: .table)), \(grant.subscriptionStatus))
                          The token \(record.id) is valid until \(grant.expiresAt.shown).
                """
            )
        case .refused(let reason):
            lines.append(
                "Then      refused: \(reason.rawValue), row \(reason.row) of `connvo-server help errors`, \(code(of: reason))"
            )
            lines.append("          \(path(to: reason))")
        }
        let requested = record.requestedRole?.rawValue ?? "none"
        lines.append("Roles     requested \(requested), held \(record.heldRole?.rawValue ?? "none")")
        if let impersonator = record.impersonator {
            lines.append("          \(impersonator.safe(for: .table)) acted in the name of the user.")
        }
        if let traceID = record.traceID { lines.append("Trace     \(traceID)") }
        if !others.isEmpty {
            let times = others.map(\.shown).joined(separator: ", ")
            lines.append("Others    the client sent this id more than once; other records: \(times)")
        }
        return lines.joined(separator: "\n")
    }

    private func code(of reason: Refusal.Reason) -> String { reason.code.rawValue }

    /// What the record says of the other rules.
    private func path(to reason: Refusal.Reason) -> String {
        let index = AdmissionPolicy.rules.firstIndex(of: reason) ?? 0
        let before = AdmissionPolicy.rules[..<index]
        guard let first = before.first, let last = before.last else {
            return "It is the first rule: no other was asked."
        }
        return "The rules from \(first.rawValue) to \(last.rawValue) had passed; those after it were not asked."
    }

    // MARK: JSON

    /// Writes the members of the object, which the caller has begun.
    func write(to json: inout JSONWriter) {
        json.member("request_id", requestID)
        json.member("id", record.id)
        json.member("at", record.at.shown)
        json.member("user_id", record.userID)
        json.member("meeting_id", record.meetingID)
        json.member("organizer_id", orNull: record.organizerID)
        json.member("requested_role", orNull: record.requestedRole?.rawValue)
        json.member("held_role", orNull: record.heldRole?.rawValue)
        json.member("impersonator", orNull: record.impersonator)
        json.member("trace_id", orNull: record.traceID)
        switch record.outcome {
        case .issued(let grant):
            json.member("outcome", "admitted")
            json.member("role", grant.role.rawValue)
            json.member("stream_role", grant.streamRole)
            json.member("call_cid", grant.callCID)
            json.member("tier_id", grant.tierID)
            json.member("subscription_id", grant.subscriptionID)
            json.member("subscription_status", grant.subscriptionStatus)
            json.member("expires_at", grant.expiresAt.shown)
        case .refused(let reason):
            json.member("outcome", "refused")
            json.member("reason", reason.rawValue)
            json.member("row", Int64(reason.row))
            json.member("code", code(of: reason))
        }
        json.array("other_records_at") { json in
            for time in others { json.string(time.shown) }
        }
    }
}
