import Domain
import TestSupport
import Testing

@testable import connvo_server

/// How many refused tokens of an address are verified, with a clock of the test's own.
@Suite struct RefusedTokenThrottleTests {
    private let throttle = RefusedTokenThrottle(perSecond: 10)
    private let start = Timestamp(microsecondsSinceEpoch: 1_800_000_000_000_000)

    private func instant(_ milliseconds: Int64) -> Timestamp {
        Timestamp(microsecondsSinceEpoch: start.microsecondsSinceEpoch + milliseconds * 1000)
    }

    private func client(_ address: String) throws -> RefusedTokenThrottle.Client {
        try #require(RefusedTokenThrottle.Client(address))
    }

    /// Refuses tokens of a client as long as they are verified at once. Returns how many were. The one after them waits.
    private func refuse(_ client: RefusedTokenThrottle.Client, atMost limit: Int, now: Timestamp) -> Int {
        for count in 0..<limit {
            guard throttle.turn(of: client, now: now) == .now else { return count }
            throttle.refused(client, now: now)
        }
        return limit
    }

    @Test func `five seconds' worth are verified at once, and then as many as are allowed`() throws {
        let client = try client("203.0.113.7")
        #expect(refuse(client, atMost: 1000, now: instant(0)) == 51)
        #expect(refuse(client, atMost: 1000, now: instant(1000)) == 9, "one has waited for the turn of the tenth")
        #expect(refuse(client, atMost: 1000, now: instant(60_000)) == 51)
    }

    @Test func `the next ones wait for their turns, one behind the other, and no longer than two seconds`() throws {
        let client = try client("203.0.113.7")
        _ = refuse(client, atMost: 1000, now: instant(0))
        for number in 2..<20 {
            #expect(throttle.turn(of: client, now: instant(0)) == .after(.milliseconds(number * 100)))
        }
        #expect(throttle.turn(of: client, now: instant(0)) == .never(retryAfter: .seconds(2)))
        #expect(throttle.turn(of: client, now: instant(100)) == .after(.milliseconds(1900)))
    }

    @Test func `a turn is given back when its token was accepted`() throws {
        let client = try client("203.0.113.7")
        _ = refuse(client, atMost: 1000, now: instant(0))
        #expect(throttle.turn(of: client, now: instant(0)) == .after(.milliseconds(200)))
        throttle.accepted(client)
        #expect(throttle.turn(of: client, now: instant(0)) == .after(.milliseconds(200)))
    }

    @Test func `accepted tokens cost nothing, and other addresses are not slowed`() throws {
        let client = try client("203.0.113.7")
        for _ in 0..<1000 { #expect(throttle.turn(of: client, now: instant(0)) == .now) }
        _ = refuse(client, atMost: 1000, now: instant(0))
        #expect(throttle.turn(of: try self.client("203.0.113.8"), now: instant(0)) == .now)
    }

    @Test func `an IPv6 client is its network of 64 bits, and an IPv4 address is one in both forms`() throws {
        #expect(try client("2001:db8::1") == client("2001:db8::ffff:1"))
        #expect(try client("2001:db8::1") != client("2001:db8:0:1::1"))
        #expect(try client("::ffff:203.0.113.7") == client("203.0.113.7"))
        #expect(RefusedTokenThrottle.Client(nil) == nil)
        #expect(RefusedTokenThrottle.Client("unknown") == nil)
    }

    @Test func `a clock that is set back makes no client wait for longer`() throws {
        let client = try client("203.0.113.7")
        _ = refuse(client, atMost: 1000, now: instant(0))
        #expect(throttle.turn(of: client, now: instant(-86_400_000)) == .never(retryAfter: .seconds(2)))
        #expect(throttle.turn(of: client, now: instant(0)) == .after(.milliseconds(200)))
    }

    @Test func `addresses beyond those that are remembered are not slowed, until some are forgotten`() throws {
        for number in 0..<4096 {
            throttle.refused(try client("10.0.\(number / 256).\(number % 256)"), now: instant(0))
        }
        let late = try client("203.0.113.7")
        #expect(refuse(late, atMost: 1000, now: instant(0)) == 1000)
        #expect(refuse(late, atMost: 1000, now: instant(1000)) == 51)
    }

    @Test func `an address that sends invalid tokens is slowed over the wire, and an accepted token is not`()
        async throws
    {
        let settings = ["INVALID_TOKENS_PER_SECOND": "1", "TRUSTED_PROXIES": "127.0.0.1"]
        try await ServerFixture.with(settings) { fixture in
            let good = WireRequest.call(try Tokens.bearer(SeedData.host))
            #expect(try await fixture.send(good).status == 200)
            for number in 0..<6 { #expect(try await fixture.send(.call("x.\(number).y")).status == 401) }
            // One a second is verified, and each waits two seconds at most: of thirty together, some are turned away.
            let answers = try await withThrowingTaskGroup(of: ReceivedResponse.self) { group in
                for number in 0..<30 { group.addTask { try await fixture.send(.call("x.\(number).z")) } }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            let turnedAway = answers.filter { $0.status == 429 }
            #expect(!turnedAway.isEmpty)
            #expect(answers.allSatisfy { [401, 429].contains($0.status) })
            for answer in turnedAway {
                #expect(answer["retry-after"].flatMap { Int($0) }.map { $0 >= 1 } == true)
                #expect(try answer.decode(FailureBody.self).code == "RATE_LIMIT_EXCEEDED")
            }
            #expect(try await fixture.send(good).status == 200)
            let other = WireRequest.call("x.y.z").adding("X-Forwarded-For", "203.0.113.7")
            #expect(try await fixture.send(other).status == 401)
        }
    }
}
