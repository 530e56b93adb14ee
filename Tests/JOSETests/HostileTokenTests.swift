import HostileTokens
import JOSE
import Testing

/// The table of hostile tokens, applied to the verifier with the keys and the time of each case.
@Suite struct HostileTokenTests {
    private static let fixture = Result { try HostileFixture(now: 1_750_000_000) }
    private static let fixtureKeys = Result { try JWKSet(parsing: HostileKeySet.fixture(fixture.get())) }

    /// The decision of a verifier in the terms of the table.
    private static func answer(
        to token: [UInt8],
        in circumstances: Circumstances,
        by verifier: BearerTokenVerifier
    ) throws -> ExpectedResponse {
        let keys = try circumstances.keySet.map { try JWKSet(parsing: $0) } ?? fixtureKeys.get()
        do throws(BearerTokenRejection) {
            _ = try verifier.verify(
                token,
                keys: keys,
                lastFetchFailed: circumstances.lastFetchFailed,
                now: (try? fixture.get().now + circumstances.clock) ?? 0
            )
            return .accepted
        } catch {
            return switch error {
            case .malformed(let cause): .invalid(cause: cause.rawValue)
            case .refused(let cause): .invalid(cause: cause.rawValue)
            case .wrongIssuer: .invalid(cause: error.slug)
            case .keysUnavailable(let cause): .unavailable(cause: cause.rawValue)
            case .expired: .expired
            }
        }
    }

    @Test(arguments: HostileCase.all.filter { $0.area != .field })
    func `the verifier decides as the table says`(hostile: HostileCase) throws {
        let fixture = try Self.fixture.get()
        guard case .token(let token) = try hostile.credentials(fixture) else {
            Issue.record("a case outside the area of fields has no token")
            return
        }
        let circumstances = try hostile.circumstances(fixture)
        let verifier = BearerTokenVerifier(policy: circumstances.policy)
        #expect(try Self.answer(to: token, in: circumstances, by: verifier) == hostile.expected)

        // What a verifier remembers of tokens that it accepted changes no decision, nor does what it refused.
        let experienced = BearerTokenVerifier(policy: circumstances.policy)
        let good = try Self.answer(to: fixture.goodToken(), in: Circumstances(), by: experienced)
        #expect(good == .accepted || circumstances.policy != HostileFixture.policy)
        for _ in 0..<2 {
            #expect(try Self.answer(to: token, in: circumstances, by: experienced) == hostile.expected)
        }
        #expect(try Self.answer(to: fixture.goodToken(), in: Circumstances(), by: experienced) == good)
    }

    @Test func `the table has at least 200 cases with distinct names, and some in every area`() {
        #expect(HostileCase.all.count >= 200)
        let names = Dictionary(grouping: HostileCase.all, by: \.description).filter { $0.value.count > 1 }
        #expect(names.keys.sorted() == [])
        for area in HostileCase.Area.allCases {
            #expect(HostileCase.all.filter { $0.area == area }.count >= 20, "\(area)")
        }
    }

    @Test func `every cause has a case, except those of development tokens`() {
        var causes = Set(CompactJWSError.allCases.map(\.rawValue))
        causes.formUnion(BearerTokenRejection.InvalidTokenCause.allCases.map(\.rawValue))
        causes.insert(BearerTokenRejection.wrongIssuer("").slug)
        causes.formUnion(BearerTokenRejection.MissingKeys.allCases.map(\.rawValue))
        causes.subtract(HostileCase.all.compactMap(\.expected.cause))
        #expect(causes == ["development_key_misused", "development_not_allowed"])
    }

    // MARK: - The text of a key set

    @Test func `every unusable entry of the fixture's key set is left out for its reason`() throws {
        let set = try Self.fixtureKeys.get()
        for entry in HostileKeySet.unusable {
            let reasons = set.skipped.filter { $0.keyID == entry.keyID }.map(\.reason)
            #expect(!reasons.isEmpty && reasons.allSatisfy { $0 == entry.reason }, "\(entry.keyID): \(reasons)")
            #expect(set[entry.keyID] == nil)
        }
        #expect(set.keyIDs == ["key_1", "key_2", "two-kinds", "two-uses"])
        #expect(set.skipped.filter { $0.keyID == nil }.map(\.reason) == [.noKeyID, .noKeyID])
    }

    @Test(arguments: HostileKeySet.refused) func `a key set like this is refused as a whole`(
        refused: HostileKeySet.Refused
    ) throws {
        let text = refused.text(try Self.fixture.get())
        let error = #expect(throws: JWKSetError.self) { try JWKSet(parsing: text) }
        #expect(error?.slug == refused.slug)
    }
}
