import Domain
import Testing

/// Names in responses and in the database: to rename one breaks clients or stored rows.
@Suite struct VocabularyTests {
    @Test func `roles have their documented names, from the lowest to the highest`() {
        #expect(Role.allCases.map(\.rawValue) == ["observer", "participant", "co-host", "host"])
        #expect(Role.allCases.shuffled().sorted() == [.observer, .participant, .coHost, .host])
    }

    @Test(arguments: Array(Role.allCases.enumerated()))
    func `a role is below exactly those after it`(position: Int, role: Role) {
        for (otherPosition, other) in Role.allCases.enumerated() {
            #expect((role < other) == (position < otherPosition))
            #expect((role <= other) == (position <= otherPosition))
        }
    }

    @Test(arguments: ["Host", "HOST", "cohost", "coHost", "co_host", "", " host", "host ", "admin", "hóst"])
    func `no other spelling is a role`(text: String) {
        #expect(Role(rawValue: text) == nil)
    }

    @Test(arguments: [
        ("scheduled", false), ("active", false), ("concluded", true), ("cancelled", true),
    ])
    func `two of four states are final`(word: String, isOver: Bool) throws {
        #expect(try #require(Meeting.State(rawValue: word)).isOver == isOver)
        #expect(Meeting.State.allCases.count == 4)
    }

    @Test func `subscription statuses have the database's names`() {
        let words = ["trialing", "active", "past_due", "paused", "unpaid", "incomplete", "canceled"]

        #expect(Subscription.Status.allCases.map(\.rawValue) == words)
    }

    @Test func `refusal codes are those of docs/errors.md, and every one is used`() {
        let used = Set(AdmissionOracle.rows.map(\.code))

        #expect(Set(Refusal.Code.allCases.map(\.rawValue)) == used)
    }

    @Test func `refusal reasons are eleven different slugs`() {
        let reasons = AdmissionOracle.rows.map(\.reason)

        #expect(reasons.count == 11)
        #expect(Set(reasons).count == 11)
        #expect(reasons.allSatisfy { $0.allSatisfy { $0 == "_" || ("a"..."z").contains($0) } })
    }

    @Test func `a call's cid is its type and its id`() {
        #expect(StreamCall(type: "default", id: "call_meeting_123example").cid == "default:call_meeting_123example")
    }
}
