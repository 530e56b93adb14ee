import Domain

/// A second implementation of docs/errors.md, rows 7 to 16, in another form.
///
/// An ordered list of rows, each with the condition under which it applies; the first that applies decides. It uses the
/// choices of a case, never the domain values made from them.
enum AdmissionOracle {
    struct Row: Sendable {
        /// The row in docs/errors.md. Row 10 is here twice, once for each reason.
        let number: Int
        /// The slug in `token_refusals.reason`.
        let reason: String
        let code: String
        let refusal: @Sendable (AdmissionCase) -> Refusal
        let applies: @Sendable (AdmissionCase) -> Bool
    }

    static let rows: [Row] = [
        Row(number: 7, reason: "user_not_provisioned", code: "UNAUTHORIZED") { _ in
            .userNotProvisioned
        } applies: {
            $0.caller == .absent
        },
        Row(number: 8, reason: "user_deactivated", code: "FORBIDDEN") { _ in
            .userDeactivated
        } applies: {
            $0.caller == .deactivated
        },
        Row(number: 9, reason: "meeting_not_found", code: "NOT_FOUND") { _ in
            .meetingNotFound
        } applies: {
            $0.meeting == nil
        },
        Row(number: 10, reason: "not_a_participant", code: "FORBIDDEN") { _ in
            .notAParticipant
        } applies: {
            $0.membership == .none
        },
        Row(number: 10, reason: "participant_removed", code: "FORBIDDEN") { _ in
            .participantRemoved
        } applies: {
            if case .removed = $0.membership { true } else { false }
        },
        Row(number: 11, reason: "meeting_ended", code: "MEETING_ALREADY_ENDED") { _ in
            .meetingEnded
        } applies: {
            $0.meeting == .concluded || $0.meeting == .cancelled
        },
        Row(number: 12, reason: "meeting_not_open", code: "MEETING_NOT_ACTIVE") { _ in
            .meetingNotOpen(opensAt: Timestamp(microsecondsSinceEpoch: 1_767_607_200_000_001))
        } applies: {
            $0.meeting == .scheduled && $0.opening == .before && $0.heldRole != .host
        },
        Row(number: 13, reason: "tier_required", code: "PAID_TIER_REQUIRED") { _ in
            .tierRequired
        } applies: {
            $0.funding.payer == nil
        },
        Row(number: 14, reason: "no_stream_call", code: "VALIDATION_ERROR") { _ in
            .noStreamCall
        } applies: {
            !$0.hasStreamCall
        },
        Row(number: 15, reason: "role_above_own", code: "INSUFFICIENT_PERMISSIONS") {
            .roleAboveOwn(requested: $0.heededRole ?? .host, held: $0.heldRole ?? .observer)
        } applies: {
            guard let held = $0.heldRole, let requested = $0.heededRole else { return false }
            return !permitted[held, default: []].contains(requested)
        },
        Row(number: 16, reason: "role_not_admitted", code: "INSUFFICIENT_PERMISSIONS") {
            .roleNotAdmitted($0.wantedRole ?? .observer)
        } applies: {
            guard let wanted = $0.wantedRole else { return false }
            switch $0.mapping {
            case .standard: return wanted == .observer
            case .observersToo: return false
            case .noRole: return true
            }
        },
    ]

    /// The roles that each role may request: itself and every lower one.
    static let permitted: [Role: [Role]] = [
        .host: [.host, .coHost, .participant, .observer],
        .coHost: [.coHost, .participant, .observer],
        .participant: [.participant, .observer],
        .observer: [.observer],
    ]

    /// The indices of all rows that apply, in order.
    static func rowsApplying(to situation: AdmissionCase) -> [Int] {
        rows.indices.filter { rows[$0].applies(situation) }
    }

    /// The decision according to docs/errors.md. Nil, which equals no decision, would mean that a row is missing.
    static func expectation(for situation: AdmissionCase) -> Result<Admission, Refusal>? {
        if let row = rows.first(where: { $0.applies(situation) }) {
            return .failure(row.refusal(situation))
        }
        guard
            let caller = situation.callerRow,
            let meeting = situation.meetingRow,
            let held = situation.heldRole,
            let role = situation.wantedRole,
            let streamRole = situation.mapping.streamRoles[role],
            let payer = situation.funding.payer
        else { return nil }
        return .success(
            Admission(
                caller: caller,
                meeting: meeting,
                call: AdmissionCase.call,
                heldRole: held,
                grantedRole: role,
                streamRole: streamRole,
                subscription: payer
            )
        )
    }
}

extension AdmissionCase {
    /// The role in the database, of removed participants too.
    var heldRole: Role? {
        switch membership {
        case .none: nil
        case .removed(let role), .member(let role): role
        }
    }

    /// The role in the request, where requests are heeded.
    var heededRole: Role? {
        switch roleRule {
        case .lower: requestedRole
        case .ignore: nil
        }
    }

    /// The role of the token: the requested one, or the caller's role in the meeting.
    var wantedRole: Role? { heededRole ?? heldRole }
}
