import Domain
import Testing

@Suite struct AdmissionPolicyTests {
    static let meetings: [Meeting.State?] = [nil] + Meeting.State.allCases
    static let requests: [Role?] = [nil] + Role.allCases

    /// All combinations of the dimensions that are not arguments of the tests.
    static func cases(
        meeting: Meeting.State?,
        membership: AdmissionCase.Membership,
        fundings: [Funding] = Funding.all,
        roleRule: RequestedRoleRule = .lower
    ) -> [AdmissionCase] {
        var cases: [AdmissionCase] = []
        for caller in AdmissionCase.Caller.allCases {
            for requestedRole in requests {
                for hasStreamCall in [true, false] {
                    for opening in AdmissionCase.Opening.allCases {
                        for mapping in AdmissionCase.Mapping.allCases {
                            for funding in fundings {
                                cases.append(
                                    AdmissionCase(
                                        caller: caller,
                                        meeting: meeting,
                                        membership: membership,
                                        requestedRole: requestedRole,
                                        hasStreamCall: hasStreamCall,
                                        opening: opening,
                                        funding: funding,
                                        mapping: mapping,
                                        roleRule: roleRule
                                    )
                                )
                            }
                        }
                    }
                }
            }
        }
        return cases
    }

    @Test(arguments: meetings, AdmissionCase.Membership.all)
    func `every combination is decided as the table of docs/errors.md says`(
        meeting: Meeting.State?,
        membership: AdmissionCase.Membership
    ) {
        let cases = RequestedRoleRule.allCases.flatMap {
            Self.cases(meeting: meeting, membership: membership, roleRule: $0)
        }

        let wrong = cases.filter { $0.answer != AdmissionOracle.expectation(for: $0) }

        #expect(cases.count == 2 * 3 * 5 * 2 * 5 * 3 * Funding.all.count)
        #expect(wrong.isEmpty, "\(wrong.count) wrong, the first: \(wrong.first.map(explain) ?? "")")
    }

    @Test func `of any two rows that apply together, the earlier one decides`() {
        var met: [Pair: AdmissionCase] = [:]
        for meeting in Self.meetings {
            for membership in AdmissionCase.Membership.all {
                let cases = Self.cases(meeting: meeting, membership: membership, fundings: [.none, .paid])
                for situation in cases {
                    let rows = AdmissionOracle.rowsApplying(to: situation)
                    guard let first = rows.first else { continue }
                    for later in rows.dropFirst() { met[Pair(first, later)] = situation }
                }
            }
        }

        let reasons = AdmissionOracle.rows.map(\.reason)
        // Rows that cannot apply together.
        let exclusive: Set<Set<String>> = [
            ["user_not_provisioned", "user_deactivated"],
            ["meeting_not_found", "meeting_ended"],
            ["meeting_not_found", "meeting_not_open"],
            ["not_a_participant", "participant_removed"],
            ["not_a_participant", "role_above_own"],
            ["meeting_ended", "meeting_not_open"],
        ]
        for earlier in reasons.indices {
            for later in reasons.indices where later > earlier {
                guard let situation = met[Pair(earlier, later)] else {
                    #expect(exclusive.contains([reasons[earlier], reasons[later]]))
                    continue
                }
                let refusal = #expect(throws: Refusal.self) { try situation.answer.get() }
                #expect(refusal?.reason == reasons[earlier], "\(situation.testDescription)")
            }
        }
        #expect(met.count == reasons.count * (reasons.count - 1) / 2 - exclusive.count)
    }

    @Test func `the rules are the rows of docs/errors.md in their order, each once`() {
        #expect(AdmissionPolicy.rules.map(\.rawValue) == AdmissionOracle.rows.map(\.reason))
        #expect(AdmissionPolicy.rules.map(\.row) == AdmissionOracle.rows.map(\.number))
        #expect(Set(AdmissionPolicy.rules) == Set(Refusal.Reason.allCases))
    }

    @Test(arguments: meetings, AdmissionCase.Membership.all)
    func `each rule is judged whatever the rules before it say, and the first that refuses decides`(
        meeting: Meeting.State?,
        membership: AdmissionCase.Membership
    ) {
        let cases = Self.cases(meeting: meeting, membership: membership, fundings: [.none, .paid])

        let wrong = cases.filter { situation in
            let judgements = AdmissionPolicy.rules.map {
                situation.policy.judge($0, situation.request, facts: situation.facts, now: AdmissionCase.now)
            }
            let applying = AdmissionOracle.rowsApplying(to: situation)
            guard judgements.firstIndex(where: { $0 != .passes }) == applying.first else { return true }
            return judgements.enumerated().contains { index, judgement in
                switch judgement {
                // Only a fact that an earlier rule refuses for may be missing.
                case .notJudged: !judgements[..<index].contains(where: \.isRefusal)
                case .refuses(let refusal):
                    !applying.contains(index) || refusal != AdmissionOracle.rows[index].refusal(situation)
                case .passes: applying.contains(index)
                }
            }
        }

        #expect(wrong.isEmpty, "\(wrong.count) wrong, the first: \(wrong.first?.testDescription ?? "")")
    }

    @Test(arguments: AdmissionOracle.rows.indices)
    func `each row refuses on its own, with its code and its reason`(index: Int) {
        let row = AdmissionOracle.rows[index]
        let alone = Self.meetings.lazy
            .flatMap { meeting in AdmissionCase.Membership.all.lazy.map { (meeting, $0) } }
            .flatMap { Self.cases(meeting: $0.0, membership: $0.1, fundings: [.none, .paid]) }
            .first { AdmissionOracle.rowsApplying(to: $0) == [index] }

        let refusal = #expect(throws: Refusal.self) { try alone?.answer.get() }

        #expect(refusal?.reason == row.reason)
        #expect(refusal?.code.rawValue == row.code)
    }

    /// Granted roles by role in the meeting (one line each) and requested role (none, observer, participant, co-host,
    /// host). `-` is refused as above the caller's role, `x` as a role that gets no token.
    static let grants: [(Role, [String])] = [
        (.observer, ["x", "x", "-", "-", "-"]),
        (.participant, ["participant", "x", "participant", "-", "-"]),
        (.coHost, ["co-host", "x", "participant", "co-host", "-"]),
        (.host, ["host", "x", "participant", "co-host", "host"]),
    ]

    @Test(arguments: grants)
    func `a request lowers a role and never raises it`(held: Role, outcomes: [String]) {
        let requests: [Role?] = [nil, .observer, .participant, .coHost, .host]

        for (requested, outcome) in zip(requests, outcomes) {
            let situation = AdmissionCase(membership: .member(held), requestedRole: requested)
            let answer =
                switch situation.answer {
                case .success(let admission): admission.grantedRole.rawValue
                case .failure(.roleAboveOwn(requested, held)): "-"
                case .failure(.roleNotAdmitted(requested ?? held)): "x"
                case .failure(let refusal): refusal.reason
                }
            #expect(answer == outcome, "\(held) asks for \(requested?.rawValue ?? "nothing")")
        }
    }

    @Test(arguments: AdmissionCase.Mapping.allCases)
    func `where requested roles are ignored, each request is decided like one without a role`(
        mapping: AdmissionCase.Mapping
    ) {
        for meeting in Self.meetings {
            for membership in AdmissionCase.Membership.all {
                for requested in Self.requests {
                    var situation = AdmissionCase(meeting: meeting, membership: membership, mapping: mapping)
                    let expected = situation.answer
                    (situation.requestedRole, situation.roleRule) = (requested, .ignore)
                    #expect(situation.answer == expected, "\(situation.testDescription)")
                    if case .success(let admission) = situation.answer {
                        #expect(admission.grantedRole == admission.heldRole)
                    }
                }
            }
        }
    }

    @Test func `the defaults are Stream's call roles, no window, seven days of grace, and roles that may be lowered`() {
        let policy = AdmissionPolicy()
        #expect(policy.requestedRoleRule == .lower)

        #expect(policy.streamRoles == [.host: "host", .coHost: "moderator", .participant: "call_member"])
        #expect(policy.earlyJoinWindow == nil)
        #expect(policy.pastDueGrace == .seconds(604_800))
    }

    @Test func `without facts every caller is refused`() {
        let answer = AdmissionPolicy().answer(AdmissionCase().request, facts: AdmissionFacts())

        #expect(answer == .failure(.userNotProvisioned))
    }

    @Test(arguments: [Duration.zero, .seconds(1), .seconds(86_400 * 365)])
    func `a meeting opens exactly the window's length before its scheduled time`(window: Duration) {
        let policy = AdmissionPolicy(earlyJoinWindow: window)
        let request = AdmissionCase().request
        func answer(at microsecondsBeforeOpening: Int64) -> Result<Admission, Refusal> {
            let opensAt = Timestamp(
                microsecondsSinceEpoch: AdmissionCase.now.microsecondsSinceEpoch + microsecondsBeforeOpening
            )
            let facts = AdmissionFacts(
                caller: .example(),
                meeting: .example(state: .scheduled, scheduledAt: opensAt + window),
                participation: Participation(role: .coHost, removedAt: nil),
                subscriptions: [.example()]
            )
            return policy.answer(request, facts: facts)
        }

        #expect(answer(at: 1) == .failure(.meetingNotOpen(opensAt: .offset(0, 1))))
        #expect(throws: Never.self) { try answer(at: 0).get() }
        #expect(throws: Never.self) { try answer(at: -1).get() }
    }

    private struct Pair: Hashable {
        let earlier: Int
        let later: Int

        init(_ earlier: Int, _ later: Int) {
            self.earlier = earlier
            self.later = later
        }
    }
}

extension AdmissionPolicy.Judgement {
    fileprivate var isRefusal: Bool {
        if case .refuses = self { true } else { false }
    }
}

private func explain(_ situation: AdmissionCase) -> String {
    """
    \(situation.testDescription): answered \(situation.answer), \
    expected \(AdmissionOracle.expectation(for: situation).map { "\($0)" } ?? "an inconsistent case")
    """
}
