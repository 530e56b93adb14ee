import Domain
import Foundation
import TestSupport

/// A caller, a meeting and everything that a rule may read about them, chosen at random; and the rows that say so.
///
/// Times lie on both sides of every bound, a microsecond away and at the bound itself.
struct World: Sendable {
    /// The clock reading of every request.
    let now: Timestamp
    let request: AdmissionRequest
    let rows: [Row]

    /// A row of a table, as its VALUES.
    struct Row: Sendable {
        let table: Table
        let values: String
    }

    /// In the order in which rows are inserted.
    enum Table: String, CaseIterable, Sendable {
        case organizations = "organizations (id, name)"
        case users = "users (id, email, organization_id, is_active)"
        case subscriptions =
            "subscriptions (user_id, organization_id, tier_id, status, starts_at, ends_at, past_due_since)"
        case meetings =
            """
            meetings (id, organizer_id, title, state, scheduled_at, started_at, ended_at, stream_call_type, \
            stream_call_id)
            """
        case participants = "meeting_participants (meeting_id, user_id, role, removed_at)"
        case refusals =
            "token_refusals (id, refused_at, user_id, meeting_id, code, reason, session_id, request_id)"
    }

    /// - Parameter limit: The quota, so that some callers have used it up.
    init(
        number: Int,
        now: Timestamp,
        policy: AdmissionPolicy,
        limit: Int,
        using random: inout SeededGenerator
    ) {
        var rows: [Row] = []
        func add(_ table: Table, _ values: String?...) {
            rows.append(
                Row(table: table, values: "(\(values.map { $0.map { "'\($0)'" } ?? "NULL" }.joined(separator: ", ")))")
            )
        }
        func one<Value>(of values: [Value]) -> Value { values[Int.random(in: values.indices, using: &random)] }
        func happens(_ percent: Int) -> Bool { Int.random(in: 0..<100, using: &random) < percent }
        func near(_ instant: Timestamp) -> Timestamp {
            let offsets: [Int64] = [-3_600_000_000, -1, 0, 1, 3_600_000_000]
            return Timestamp(
                microsecondsSinceEpoch: instant.microsecondsSinceEpoch + one(of: offsets)
            )
        }
        func text(_ instant: Timestamp) -> String { instant.rfc3339(fraction: .whereNeeded) }

        self.now = now
        let (organizer, organization, meeting) = ("o\(number)", "g\(number)", "m\(number)")
        let callerOrganizes = happens(10)
        let caller = callerOrganizes ? organizer : "c\(number)"
        request = AdmissionRequest(
            callerID: User.ID(rawValue: caller),
            meetingID: Meeting.ID(rawValue: meeting),
            requestedRole: happens(50) ? nil : one(of: Role.allCases)
        )

        let hasOrganization = happens(50)
        if hasOrganization { add(.organizations, organization, "Acme") }
        add(
            .users,
            organizer,
            "\(organizer)@example.com",
            hasOrganization ? organization : nil,
            String(!callerOrganizes || happens(90))
        )
        let callerExists = callerOrganizes || happens(92)
        if callerExists, !callerOrganizes { add(.users, caller, "\(caller)@example.com", nil, String(happens(92))) }

        for owner in [(user: Optional(organizer), organization: String?.none)]
            + (hasOrganization ? [(user: nil, organization: organization)] : [])
        {
            // Two periods that abut near the present; only one of them may cover it.
            let border = near(now)
            let periods = [
                (from: now - .days(30), until: Optional(border)),
                (from: border, until: happens(50) ? now + .days(30) : nil),
            ]
            for period in periods where happens(60) {
                let status =
                    happens(65) ? "active" : one(of: Subscription.Status.allCases).rawValue
                let tier = happens(25) ? "free" : one(of: ["pro", "business", "enterprise"])
                let late = status == "past_due" ? text(near(now - policy.pastDueGrace)) : nil
                add(
                    .subscriptions,
                    owner.user,
                    owner.organization,
                    tier,
                    status,
                    text(period.from),
                    period.until.map(text),
                    late
                )
            }
        }

        guard happens(93) else {
            self.rows = rows
            return
        }
        let state = happens(55) ? "active" : one(of: Meeting.State.allCases).rawValue
        let hasBegun = state == "active" || state == "concluded"
        let hasCall = happens(90)
        add(
            .meetings,
            meeting,
            organizer,
            "Planning",
            state,
            happens(20) ? nil : text(near(now + (policy.earlyJoinWindow ?? .zero))),
            hasBegun ? "2026-01-01T00:00:00Z" : nil,
            state == "concluded" ? "2026-01-02T00:00:00Z" : nil,
            hasCall ? "default" : nil,
            hasCall ? "call_\(meeting)" : nil
        )
        if callerExists, !callerOrganizes, happens(92) {
            let role = happens(60) ? Role.participant : one(of: Role.allCases)
            add(.participants, meeting, caller, role.rawValue, happens(8) ? text(now - .seconds(5)) : nil)
        }
        if limit > 0, happens(10) {
            for count in 0..<limit {
                let age = Duration.microseconds(one(of: [1, 30_000_000, 59_999_999, 60_000_000]))
                let at = now - age
                let id = UUIDv7(at: at, using: &random)
                add(
                    .refusals,
                    id.description,
                    text(at),
                    caller,
                    meeting,
                    "NOT_FOUND",
                    "meeting_not_found",
                    "s",
                    "before-\(number)-\(count)"
                )
            }
        }
        self.rows = rows
    }

    /// One script that inserts the rows of all worlds.
    static func script(of worlds: [World]) -> String {
        Table.allCases.compactMap { table in
            let values = worlds.flatMap { $0.rows.filter { $0.table == table }.map(\.values) }
            return values.isEmpty
                ? nil : "INSERT INTO connvo.\(table.rawValue) VALUES\n\(values.joined(separator: ",\n"));"
        }.joined(separator: "\n")
    }
}
