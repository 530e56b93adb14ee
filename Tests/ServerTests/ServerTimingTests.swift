import Testing

@testable import connvo_server

/// The header `Server-Timing` (W3C Server Timing), and which pages may read it.
@Suite struct ServerTimingTests {
    private static let page = "https://app.connvo.app"

    @Suite(.serverFixture(["HTTP_SERVER_TIMING": "true", "CORS_ORIGINS": page])) struct On {
        @Test func `a decided request says how long it waited and was in the database`() async throws {
            for user in [SeedData.host, "user_nobody"] {
                let answer = try await ServerFixture.current.call(user)
                let timing = try #require(answer["server-timing"])
                let match = try #require(
                    timing.wholeMatch(of: /queue;dur=([0-9.]+), db;dur=([0-9.]+), total;dur=([0-9.]+)/),
                    "\(timing)"
                )
                let (queue, database, total) = try (
                    #require(Double(match.1)), #require(Double(match.2)), #require(Double(match.3))
                )
                #expect(database > 0)
                #expect(queue + database <= total)
            }
        }

        @Test func `what was not decided has the total alone`() async throws {
            for request in [
                WireRequest.call(nil), WireRequest("GET", "/livez"), WireRequest("GET", "/docs"),
                WireRequest("GET", "/docs").adding("If-None-Match", "*"), WireRequest("GET", "/nope"),
            ] {
                let answer = try await ServerFixture.current.send(request)
                let timing = try #require(answer["server-timing"])
                #expect(timing.wholeMatch(of: /total;dur=[0-9.]+/) != nil, "\(timing)")
            }
        }

        @Test func `pages of a listed origin may read it, and no others`() async throws {
            let call = WireRequest.call(try Tokens.bearer(SeedData.host))
            let listed = try await ServerFixture.current.send(call.adding("Origin", page))
            #expect(
                listed["access-control-expose-headers"] == "Retry-After, WWW-Authenticate, X-Request-Id, Server-Timing"
            )
            #expect(listed["timing-allow-origin"] == page)
            for other in [call, call.adding("Origin", "https://evil.example")] {
                let answer = try await ServerFixture.current.send(other)
                #expect(answer["access-control-expose-headers"] == nil)
                #expect(answer["timing-allow-origin"] == nil)
            }
        }
    }

    @Suite(.serverFixture(["CORS_ORIGINS": page])) struct Off {
        @Test func `nothing tells times unless the setting says so`() async throws {
            for request in [
                WireRequest.call(try Tokens.bearer(SeedData.host)), .call(nil), WireRequest("GET", "/livez"),
            ] {
                let answer = try await ServerFixture.current.send(request.adding("Origin", page))
                #expect(answer["server-timing"] == nil)
                #expect(answer["timing-allow-origin"] == nil)
            }
        }
    }
}
