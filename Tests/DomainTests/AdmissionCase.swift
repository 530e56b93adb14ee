import Domain
import Testing

/// One combination of all inputs of the rules, in the terms of docs/errors.md.
///
/// It holds choices, not domain values: ``facts``, ``request`` and ``policy`` are made from the choices, and
/// ``AdmissionOracle`` uses the choices only.
struct AdmissionCase: CustomTestStringConvertible {
    var caller: Caller = .active
    /// Nil when there is no such meeting.
    var meeting: Meeting.State? = .active
    var membership: Membership = .member(.host)
    var requestedRole: Role?
    var hasStreamCall = true
    var opening: Opening = .unlimited
    var funding: Funding = .paid
    var mapping: Mapping = .standard
    var roleRule: RequestedRoleRule = .lower

    enum Caller: CaseIterable {
        case absent, deactivated, active
    }

    enum Membership: Hashable {
        case none
        case removed(Role)
        case member(Role)

        static let all: [Membership] = [.none] + Role.allCases.flatMap { [.removed($0), .member($0)] }
    }

    /// The position of `now` in relation to the early-join window.
    enum Opening: CaseIterable {
        /// No window is configured, and the meeting is scheduled in an hour.
        case unlimited
        /// A window is configured, and the meeting has no `scheduledAt`.
        case unscheduled
        /// The last microsecond before the meeting opens.
        case before
        /// The instant at which it opens.
        case at
        /// After the scheduled time.
        case late
    }

    /// The configured Stream roles.
    enum Mapping: CaseIterable {
        case standard
        case observersToo
        case noRole

        var streamRoles: [Role: String] {
            switch self {
            case .standard: [.host: "host", .coHost: "moderator", .participant: "call_member"]
            case .observersToo:
                [.host: "owner", .coHost: "co_owner", .participant: "guest", .observer: "watcher"]
            case .noRole: [:]
            }
        }
    }

    var testDescription: String {
        """
        caller \(caller), meeting \(meeting.map(\.rawValue) ?? "absent"), membership \(membership), \
        asks for \(requestedRole?.rawValue ?? "nothing"), call \(hasStreamCall), opening \(opening), \
        funding: \(funding.name), mapping \(mapping), role rule \(roleRule)
        """
    }
}

extension AdmissionCase {
    static let now = Timestamp(secondsSinceEpoch: 1_767_607_200)
    static let earlyJoinWindow = Duration.seconds(600)
    static let grace = Duration.seconds(3 * 86_400)
    static let callerID = User.ID(rawValue: "user_caller")
    static let meetingID = Meeting.ID(rawValue: "meeting_123example")
    static let organizerID = User.ID(rawValue: "user_organizer")
    static let organizationID = Organization.ID(rawValue: "org_organizer")
    static let call = StreamCall(type: "default", id: "call_meeting_123example")

    var policy: AdmissionPolicy {
        AdmissionPolicy(
            streamRoles: mapping.streamRoles,
            earlyJoinWindow: opening == .unlimited ? nil : Self.earlyJoinWindow,
            pastDueGrace: Self.grace,
            requestedRoleRule: roleRule
        )
    }

    var request: AdmissionRequest {
        AdmissionRequest(callerID: Self.callerID, meetingID: Self.meetingID, requestedRole: requestedRole)
    }

    var facts: AdmissionFacts {
        AdmissionFacts(
            caller: callerRow,
            meeting: meetingRow,
            participation: participation,
            subscriptions: funding.subscriptions
        )
    }

    var callerRow: User? {
        switch caller {
        case .absent: nil
        case .deactivated: .example(isActive: false)
        case .active: .example(isActive: true)
        }
    }

    var meetingRow: Meeting? {
        meeting.map { .example(state: $0, scheduledAt: scheduledAt, streamCall: hasStreamCall ? Self.call : nil) }
    }

    private var scheduledAt: Timestamp? {
        switch opening {
        case .unlimited: Timestamp(secondsSinceEpoch: 1_767_610_800)
        case .unscheduled: nil
        case .before: Timestamp(microsecondsSinceEpoch: 1_767_607_800_000_001)
        case .at: Timestamp(microsecondsSinceEpoch: 1_767_607_800_000_000)
        case .late: Timestamp(secondsSinceEpoch: 1_767_607_100)
        }
    }

    private var participation: Participation? {
        switch membership {
        case .none: nil
        case .removed(let role): Participation(role: role, removedAt: Timestamp(secondsSinceEpoch: 1_767_607_000))
        case .member(let role): Participation(role: role, removedAt: nil)
        }
    }

    /// The decision of the policy.
    var answer: Result<Admission, Refusal> {
        policy.answer(request, facts: facts)
    }
}

extension AdmissionPolicy {
    func answer(_ request: AdmissionRequest, facts: AdmissionFacts) -> Result<Admission, Refusal> {
        Result { () throws(Refusal) in try decide(request, facts: facts, now: AdmissionCase.now) }
    }
}

extension User {
    static func example(isActive: Bool = true) -> User {
        User(
            id: AdmissionCase.callerID,
            email: "alice@example.com",
            displayName: "Alice Johnson",
            avatarURL: nil,
            isActive: isActive
        )
    }
}

extension Meeting {
    static func example(
        state: State = .active,
        organizationID: Organization.ID? = AdmissionCase.organizationID,
        scheduledAt: Timestamp? = nil,
        streamCall: StreamCall? = AdmissionCase.call
    ) -> Meeting {
        Meeting(
            id: AdmissionCase.meetingID,
            organizerID: AdmissionCase.organizerID,
            organizationID: organizationID,
            state: state,
            scheduledAt: scheduledAt,
            streamCall: streamCall
        )
    }
}
