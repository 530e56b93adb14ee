/// Why an authenticated caller gets no token: docs/errors.md, rows 7 to 16.
package enum Refusal: Error, Hashable, Sendable {
    case userNotProvisioned
    case userDeactivated
    case meetingNotFound
    case notAParticipant
    case participantRemoved
    case meetingEnded
    case meetingNotOpen(opensAt: Timestamp)
    case tierRequired
    case noStreamCall
    case roleAboveOwn(requested: Role, held: Role)
    case roleNotAdmitted(Role)
}

extension Refusal {
    /// The slug that `token_refusals.reason` holds.
    package var reason: String { Reason(self).rawValue }

    /// The code that clients switch on (`errorData.code`).
    package var code: Code { Reason(self).code }

    /// The codes of refusals. Raw values are the ones in responses and in `token_refusals.code`.
    package enum Code: String, CaseIterable, Sendable {
        case unauthorized = "UNAUTHORIZED"
        case forbidden = "FORBIDDEN"
        case notFound = "NOT_FOUND"
        case meetingAlreadyEnded = "MEETING_ALREADY_ENDED"
        case meetingNotActive = "MEETING_NOT_ACTIVE"
        case paidTierRequired = "PAID_TIER_REQUIRED"
        case validationError = "VALIDATION_ERROR"
        case insufficientPermissions = "INSUFFICIENT_PERMISSIONS"
    }
}

extension Refusal {
    /// What a refusal is for, without its details. Raw values are those of `token_refusals.reason`; the closed list is
    /// checked by the database too.
    package enum Reason: String, CaseIterable, Sendable {
        case userNotProvisioned = "user_not_provisioned"
        case userDeactivated = "user_deactivated"
        case meetingNotFound = "meeting_not_found"
        case notAParticipant = "not_a_participant"
        case participantRemoved = "participant_removed"
        case meetingEnded = "meeting_ended"
        case meetingNotOpen = "meeting_not_open"
        case tierRequired = "tier_required"
        case noStreamCall = "no_stream_call"
        case roleAboveOwn = "role_above_own"
        case roleNotAdmitted = "role_not_admitted"

        package init(_ refusal: Refusal) {
            self =
                switch refusal {
                case .userNotProvisioned: .userNotProvisioned
                case .userDeactivated: .userDeactivated
                case .meetingNotFound: .meetingNotFound
                case .notAParticipant: .notAParticipant
                case .participantRemoved: .participantRemoved
                case .meetingEnded: .meetingEnded
                case .meetingNotOpen: .meetingNotOpen
                case .tierRequired: .tierRequired
                case .noStreamCall: .noStreamCall
                case .roleAboveOwn: .roleAboveOwn
                case .roleNotAdmitted: .roleNotAdmitted
                }
        }
    }
}

extension Refusal.Reason {
    /// The code that goes with the reason: the database checks the same list.
    package var code: Refusal.Code {
        switch self {
        case .userNotProvisioned: .unauthorized
        case .userDeactivated, .notAParticipant, .participantRemoved: .forbidden
        case .meetingNotFound: .notFound
        case .meetingEnded: .meetingAlreadyEnded
        case .meetingNotOpen: .meetingNotActive
        case .tierRequired: .paidTierRequired
        case .noStreamCall: .validationError
        case .roleAboveOwn, .roleNotAdmitted: .insufficientPermissions
        }
    }

    /// The row of docs/errors.md.
    package var row: Int {
        switch self {
        case .userNotProvisioned: 7
        case .userDeactivated: 8
        case .meetingNotFound: 9
        case .notAParticipant, .participantRemoved: 10
        case .meetingEnded: 11
        case .meetingNotOpen: 12
        case .tierRequired: 13
        case .noStreamCall: 14
        case .roleAboveOwn: 15
        case .roleNotAdmitted: 16
        }
    }
}
