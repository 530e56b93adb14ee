internal import Domain
internal import Persistence
internal import Text

// What each rule demands, what it found, and what would have to change, in words.

extension Explanation {
    func requirement(of rule: Refusal.Reason) -> String {
        switch rule {
        case .userNotProvisioned: "the database has the user"
        case .userDeactivated: "the account is active"
        case .meetingNotFound: "the meeting exists"
        case .notAParticipant: "the user is a participant"
        case .participantRemoved: "the participant was not removed"
        case .meetingEnded: "the meeting is not over"
        case .meetingNotOpen: "the meeting is open"
        case .tierRequired: "a paid subscription covers the meeting"
        case .noStreamCall: "the meeting has a call at Stream"
        case .roleAboveOwn: "the requested role is not above the one held"
        case .roleNotAdmitted: "the role gets tokens"
        }
    }

    func found(by rule: Refusal.Reason) -> String {
        let missing = "cannot be judged: the fact is missing"
        switch rule {
        case .userNotProvisioned:
            return facts.caller == nil
                ? "no user has the id \(inquiry.request.callerID.shown)" : inquiry.request.callerID.shown
        case .userDeactivated:
            return facts.caller.map { $0.isActive ? "active" : "deactivated" } ?? missing
        case .meetingNotFound:
            return facts.meeting == nil
                ? "no meeting has the id \(inquiry.request.meetingID)" : inquiry.request.meetingID.shown
        case .notAParticipant:
            guard facts.meeting != nil else { return missing }
            return facts.participation.map { "\($0.role.rawValue)" } ?? "no row in connvo.meeting_participants"
        case .participantRemoved:
            guard let participation = facts.participation else { return missing }
            return participation.removedAt.map { "removed at \($0.shown)" } ?? "not removed"
        case .meetingEnded:
            return facts.meeting?.state.rawValue ?? missing
        case .meetingNotOpen:
            guard let meeting = facts.meeting, let held = facts.participation?.role else { return missing }
            return opening(of: meeting, held: held)
        case .tierRequired:
            guard let meeting = facts.meeting else { return missing }
            let payer = rules.policy.payer(for: meeting, among: facts.subscriptions, at: inquiry.at)
            return payer.map { "\($0.tier.id) of \($0.owner.shown)" } ?? payment
        case .noStreamCall:
            guard let meeting = facts.meeting else { return missing }
            return meeting.streamCall?.cid ?? "no call"
        case .roleAboveOwn:
            guard let held = facts.participation?.role else { return missing }
            guard let requested = inquiry.request.requestedRole else {
                return "no role requested; holds \(held.rawValue)"
            }
            let ignored = rules.policy.requestedRoleRule == .ignore ? ", which is ignored (REQUESTED_ROLE)" : ""
            return "requests \(requested.rawValue)\(ignored); holds \(held.rawValue)"
        case .roleNotAdmitted:
            guard let held = facts.participation?.role else { return missing }
            let role = rules.policy.role(for: inquiry.request, held: held)
            return rules.policy.streamRoles[role].map { "\(role.rawValue) becomes \($0) at Stream" }
                ?? "\(role.rawValue) gets none"
        }
    }

    private func opening(of meeting: Meeting, held: Role) -> String {
        guard meeting.state == .scheduled else { return meeting.state.rawValue }
        guard let scheduledAt = meeting.scheduledAt else { return "scheduled for no time: open" }
        let scheduled = "scheduled for \(scheduledAt.shown)"
        guard rules.policy.earlyJoinWindow != nil else { return "\(scheduled), open without EARLY_JOIN_WINDOW" }
        guard let opensAt = rules.policy.opening(of: meeting, for: held) else { return "\(scheduled), open to hosts" }
        return "\(scheduled), \(inquiry.at < opensAt ? "opens" : "open since") \(opensAt.shown)"
    }

    private var payment: String {
        let count = subscriptions.count
        return count == 0 ? "no subscription" : "no subscription pays: see below"
    }

    func remedy(for rule: Refusal.Reason) -> String {
        let held = facts.participation?.role.rawValue ?? ""
        switch rule {
        case .userNotProvisioned:
            return """
                The user finishes signing up, so that connvo.users gets a row with this id. The id is the WorkOS user \
                id: a person who signs in with another account has another one.
                """
        case .userDeactivated:
            return "An administrator activates the account (connvo.users.is_active)."
        case .meetingNotFound:
            return "Ask for the id of the link that was used: it is mistyped, or the meeting was deleted."
        case .notAParticipant:
            return "A host invites the user, which makes a row in connvo.meeting_participants."
        case .participantRemoved:
            return "A host admits the user again, which sets connvo.meeting_participants.removed_at to null."
        case .meetingEnded:
            return "Nothing reopens it: concluded and cancelled are final. The organizer makes a new meeting."
        case .meetingNotOpen:
            guard let meeting = facts.meeting, let role = facts.participation?.role,
                let opensAt = rules.policy.opening(of: meeting, for: role)
            else { return "" }
            return "Wait until \(opensAt.shown). The meeting opens at once when a host starts it (state active)."
        case .tierRequired:
            let organization = facts.meeting?.organizationID.map { " or the organization \($0.shown)" } ?? ""
            return "The organizer, \(organizer),\(organization) gets a subscription to a paid tier for this time."
        case .noStreamCall:
            return """
                The application makes the call at Stream and writes it to the meeting (stream_call_type and \
                stream_call_id of connvo.meetings). Retry then.
                """
        case .roleAboveOwn:
            return """
                The client leaves role out, or requests at most \(held). Otherwise a host gives the user the role. For \
                a client that always sends the same role, serve has REQUESTED_ROLE=ignore.
                """
        case .roleNotAdmitted:
            guard let role = facts.participation.map({ rules.policy.role(for: inquiry.request, held: $0.role) })
            else { return "" }
            let request = role.rawValue == held ? "" : " The client may leave role out: the user holds \(held)."
            return """
                A host gives the user a role that gets tokens, or serve has \(role.setting.name), which holds for \
                every \(role.rawValue).\(request)
                """
        }
    }

    /// The organizer's id, with the e-mail address where it is known.
    var organizer: String {
        let id = facts.meeting?.organizerID.shown ?? ""
        return inquiry.context.organizerEmail.map { "\(id) (\($0.safe(for: .table)))" } ?? id
    }
}

// MARK: - How values are shown

extension Timestamp {
    var shown: String { rfc3339(fraction: .whereNeeded) }
}

extension Identifier {
    var shown: String { rawValue.safe(for: .table) }
}

extension Subscription.Owner {
    var shown: String {
        switch self {
        case .user(let id): id.shown
        case .organization(let id): "organization \(id.shown)"
        }
    }
}

extension Role {
    fileprivate var setting: Setting {
        switch self {
        case .host: .streamRoleHost
        case .coHost: .streamRoleCoHost
        case .participant: .streamRoleParticipant
        case .observer: .streamRoleObserver
        }
    }
}
