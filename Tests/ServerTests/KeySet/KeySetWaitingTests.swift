import InMemoryLogging
import Testing

@testable import connvo_server

/// Requests with an unknown key wait for the one read that may add it. Other requests are not delayed.
@Suite struct KeySetWaitingTests {
    /// A server with a set that was read half a minute ago, so that an unknown key starts a read.
    private static func with(_ body: (RefreshedKeySet, InProcessServer) async throws -> Void) async throws {
        try await RefreshedKeySet.with { keySet in
            try await keySet.answer(.success(RefreshedKeySet.set()))
            try await keySet.advance(by: .seconds(30))
            let server = try await InProcessServer.start(keySet)
            let result: Result<Void, any Error>
            do {
                try await body(keySet, server)
                result = .success(())
            } catch {
                result = .failure(error)
            }
            try await server.stop()
            try result.get()
        }
    }

    /// Expects the response to a request whose token was accepted and whose body was refused.
    private func expectAccepted(_ answer: ReceivedResponse) throws {
        #expect(answer.status == 400)
        #expect(try answer.decode(FailureBody.self).code == "VALIDATION_ERROR")
    }

    private func expectUnavailable(_ answer: ReceivedResponse) throws {
        #expect(answer.status == 503)
        #expect(answer["retry-after"] != nil)
        #expect(try answer.decode(FailureBody.self).code == "SERVICE_UNAVAILABLE")
    }

    @Test func `many tokens of a new key start one read, and each is accepted after it`() async throws {
        try await Self.with { keySet, server in
            let token = try RefreshedKeySet.nextToken()
            var connections: [HTTPConnection] = []
            for _ in 0..<20 { connections.append(try await server.send(token)) }
            try await eventually { keySet.source.isBeingRead }
            try await keySet.answer(.success(RefreshedKeySet.set(next: true)))
            for connection in connections { try expectAccepted(await connection.answer()) }
            #expect(keySet.source.count == 2)
            // The connection can be used for further requests.
            try await connections[0].send(WireRequest.call(token, body: "{}").bytes)
            try expectAccepted(await connections[0].answer())
        }
    }

    @Test func `many unknown keys start one read, and each is refused after it`() async throws {
        try await Self.with { keySet, server in
            var connections: [HTTPConnection] = []
            for number in 0..<20 { connections.append(try await server.send(RefreshedKeySet.unknownToken(number))) }
            try await eventually { keySet.source.isBeingRead }
            try await keySet.answer(.success(RefreshedKeySet.set()))
            for connection in connections {
                let answer = try await connection.answer()
                #expect(answer.status == 401)
                #expect(try answer.decode(FailureBody.self).code == "INVALID_TOKEN")
            }
            // During the cooldown no request waits.
            for number in 20..<40 {
                #expect(try await server.send(RefreshedKeySet.unknownToken(number)).answer().status == 401)
            }
            #expect(keySet.source.count == 2)
            // Each request writes one line, even if its token was checked twice.
            #expect(keySet.requestLog.entries.filter { $0.metadata["cause"] != nil }.count <= 40)
        }
    }

    @Test func `an unknown key is 503 when the read fails, and stays so during the cooldown`() async throws {
        try await Self.with { keySet, server in
            let connection = try await server.send(RefreshedKeySet.unknownToken())
            try await keySet.answer(.failure(.status(500)))
            try expectUnavailable(await connection.answer())
            try expectUnavailable(await server.send(RefreshedKeySet.unknownToken(1)).answer())
            try expectAccepted(await server.send(Tokens.bearer(SeedData.host)).answer())
            #expect(keySet.source.count == 2)
        }
    }

    @Test func `a known key does not wait for a read in progress`() async throws {
        try await Self.with { keySet, server in
            let waiting = try await server.send(RefreshedKeySet.nextToken())
            try await eventually { keySet.source.isBeingRead }
            try expectAccepted(await server.send(Tokens.bearer(SeedData.host)).answer())
            #expect(keySet.source.isBeingRead)
            try await keySet.answer(.success(RefreshedKeySet.set(next: true)))
            try expectAccepted(await waiting.answer())
        }
    }

    @Test func `a half-closed connection gets its response, and a closed one is forgotten`() async throws {
        try await Self.with { keySet, server in
            let half = try await server.send(RefreshedKeySet.nextToken())
            half.finishSending()
            var gone: HTTPConnection? = try await server.send(RefreshedKeySet.nextToken())
            try await eventually { keySet.source.isBeingRead }
            #expect(gone != nil)
            gone = nil
            try await keySet.answer(.success(RefreshedKeySet.set(next: true)))
            try expectAccepted(await half.answer())
            try expectAccepted(await server.send(RefreshedKeySet.nextToken()).answer())
        }
    }

    @Test func `a pipelined request behind a waiting one gets its response after it`() async throws {
        try await Self.with { keySet, server in
            let connection = try await HTTPConnection.open(port: server.port)
            let waiting = WireRequest.call(try RefreshedKeySet.nextToken(), body: "{}").adding("X-Request-Id", "first")
            let next = WireRequest.call(try Tokens.bearer(SeedData.host), body: "{}").adding("X-Request-Id", "second")
            try await connection.send(waiting.bytes + next.bytes)
            try await eventually { keySet.source.isBeingRead }
            try await keySet.answer(.success(RefreshedKeySet.set(next: true)))
            for id in ["first", "second"] {
                let answer = try await connection.answer()
                #expect(answer["x-request-id"] == id)
                try expectAccepted(answer)
            }
        }
    }
}
