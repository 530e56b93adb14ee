internal import Domain
internal import PostgreSQL

/// Looks for the records of a request id. No index has request ids: what narrows the search decides what it costs.
struct RecordSearchStatement {
    let command: Command
    /// Whether an index serves it.
    let isNarrow: Bool

    /// How long after its id a request is decided: it arrives within ten seconds and waits for at most five.
    private static let window: ClosedRange<Duration> = .seconds(-2) ... .seconds(30)

    init(_ search: RecordedDecision.Search) {
        var parameters = Parameters()
        var types: [TypeOID] = []
        func next(_ type: TypeOID) -> String {
            types.append(type)
            return "$\(types.count)"
        }
        parameters.append(search.requestID)
        var conditions = ["record.request_id = \(next(.text))"]
        var name = "explain.record"
        if let userID = search.userID {
            parameters.append(userID)
            conditions.append("record.user_id = \(next(.text))")
            name += ".user"
        }
        if let meetingID = search.meetingID {
            parameters.append(meetingID)
            conditions.append("record.meeting_id = \(next(.text))")
            name += ".meeting"
        }
        if let madeAt = search.madeAt {
            // The ids of records are in the order of time, and the primary key begins with them.
            let (from, to) = (madeAt + Self.window.lowerBound, madeAt + Self.window.upperBound)
            parameters.append(UUIDv7(leastAt: from))
            parameters.append(UUIDv7(leastAt: to))
            parameters.append(from)
            parameters.append(to)
            conditions.append("record.id >= \(next(.uuid)) AND record.id < \(next(.uuid))")
            conditions.append("record.at >= \(next(.timestamptz)) AND record.at < \(next(.timestamptz))")
            name += ".time"
        }
        isNarrow = types.count > 1
        command = Command(Statement(name, Self.sql(conditions), parameters: types), parameters)
    }

    private static func sql(_ conditions: [String]) -> String {
        func filter(_ time: String) -> String {
            conditions.joined(separator: "\n              AND ").replacing("record.at ", with: "record.\(time) ")
        }
        return """
            SELECT found.at, found.id::text, found.user_id, found.meeting_id, found.organizer_id,
                   found.requested_role, found.held_role, found.impersonator,
                   encode(uuid_send(found.trace_id), 'hex'),
                   found.reason,
                   found.granted_role, found.stream_role, found.tier_id, found.subscription_id::text,
                   found.subscription_status, found.call_cid, found.expires_at
            FROM (
                SELECT record.issued_at AS at, record.id, record.user_id, record.meeting_id, record.organizer_id,
                       record.requested_role, record.held_role, record.impersonator, record.trace_id,
                       NULL::text AS reason,
                       record.granted_role, record.stream_role, record.tier_id, record.subscription_id,
                       record.subscription_status, record.call_cid, record.expires_at
                FROM connvo.issued_tokens record
                WHERE \(filter("issued_at"))
                UNION ALL
                SELECT record.refused_at, record.id, record.user_id, record.meeting_id, record.organizer_id,
                       record.requested_role, record.held_role, record.impersonator, record.trace_id,
                       record.reason,
                       NULL, NULL, NULL, NULL, NULL, NULL, NULL
                FROM connvo.token_refusals record
                WHERE \(filter("refused_at"))
            ) AS found
            ORDER BY found.at DESC
            LIMIT \(RecordedDecision.limit)
            """
    }
}
