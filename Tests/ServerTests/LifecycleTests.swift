import Synchronization
import TestSupport
import Testing

/// Starting and stopping `serve`.
@Suite struct LifecycleTests {
    @Test func `a request in progress at SIGTERM gets its response, and the process exits with 0`() async throws {
        try await ServerFixture.with { fixture in
            // Writing the row takes longer than sending the signal, and less than the statement timeout.
            try await fixture.run(
                """
                CREATE FUNCTION connvo.slowly() RETURNS trigger LANGUAGE plpgsql AS
                $$ BEGIN PERFORM pg_sleep(1.2); RETURN NEW; END $$;
                CREATE TRIGGER slowly BEFORE INSERT ON connvo.issued_tokens FOR EACH ROW EXECUTE FUNCTION connvo.slowly();
                """
            )
            let requestID = ServerFixture.makeRequestID()
            let connection = try await fixture.server.connect()
            let request = WireRequest.call(try Tokens.bearer(SeedData.host))
            // Repeated when the statement ended before the test saw it.
            for attempt in 0..<5 {
                if attempt > 0 { _ = try await connection.answer() }
                try await connection.send(request.adding("X-Request-Id", "\(requestID)-\(attempt)").bytes)
                if try await isWriting(fixture) { break }
            }
            fixture.server.terminate()
            let answer = try await connection.answer()
            #expect(answer.status == 200, "\(answer.text)")
            #expect(try await fixture.recordCount(#require(answer["x-request-id"])) == 1)
            #expect(try await fixture.server.exitStatus() == 0)
        }
    }

    /// Whether a row is being written now or within a second.
    private func isWriting(_ fixture: ServerFixture) async throws -> Bool {
        let deadline = ContinuousClock.now + .seconds(1)
        while ContinuousClock.now < deadline {
            let sleeping =
                "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND datname = current_database()"
            if try await fixture.scalar(sleeping) == "1" { return true }
        }
        return false
    }

    @Test func `readiness fails before the listener closes, and a half-received request gets its response`()
        async throws
    {
        var last = (sawNotReady: false, status: 408)
        // The listener closes after three seconds, and a body must arrive within five: a slow machine may need another
        // try.
        for _ in 0..<4 where !last.sawNotReady || last.status == 408 { last = try await terminateWhileReceiving() }
        #expect(last.sawNotReady)
        #expect(last.status == 200)
    }

    @Test func `before the listener closes each connection ends with its next response`() async throws {
        try await ServerFixture.with { fixture in
            let connection = try await fixture.server.connect()
            try await connection.send(WireRequest.call(try Tokens.bearer(SeedData.host)).bytes)
            #expect(try await connection.answer()["connection"] == nil)
            fixture.server.terminate()
            try await eventually {
                let probe = try await fixture.server.connect()
                try await probe.send(WireRequest("GET", "/readyz").bytes)
                return try await probe.answer().status == 503
            }

            try await connection.send(WireRequest.call(try Tokens.bearer(SeedData.host)).bytes)

            let answer = try await connection.answer()
            #expect(answer.status == 200)
            #expect(answer["connection"] == "close")
            #expect(try await fixture.server.exitStatus() == 0)
        }
    }

    /// Terminates a server that has received half of a request. Returns the status of the response when the rest is
    /// sent after the listener has closed, and whether new connections saw before that the server was not ready.
    private func terminateWhileReceiving() async throws -> (sawNotReady: Bool, status: Int) {
        let outcome = Mutex((sawNotReady: false, status: 0))
        try await ServerFixture.with { fixture in
            let request = WireRequest.call(try Tokens.bearer(SeedData.host))
            let connection = try await fixture.server.connect()
            try await connection.send(Array(request.bytes.dropLast(10)))
            fixture.server.terminate()
            try await eventually {
                guard let late = try? await fixture.server.connect() else { return true }
                try await late.send(WireRequest("GET", "/readyz").bytes)
                // A connection that the listener accepted while it closed gets no response.
                let status = try? await late.answer().status
                if status == 503 { outcome.withLock { $0.sawNotReady = true } }
                return false
            }
            try await connection.send(Array(request.bytes.suffix(10)))
            let answer = try await connection.answer()
            outcome.withLock { $0.status = answer.status }
            #expect(try await fixture.server.exitStatus() == 0)
        }
        return outcome.withLock { $0 }
    }

    @Test func `without a database the server runs, is not ready, and responds quickly`() async throws {
        let folder = try Folder()
        try folder.write(Tokens.keySet(), to: RunningServer.keySetFile)
        let server = try await onOwnThread {
            try RunningServer.start(
                [
                    "DATABASE_URL": "postgresql:///connvo?host=/nonexistent", "ALLOW_DEVELOPMENT_TOKENS": "true",
                    "STREAM_API_SECRET": String(repeating: "s", count: 32),
                ],
                folder: folder
            )
        }
        let result: Result<Void, any Error>
        do {
            #expect(try await server.send(WireRequest("GET", "/livez")).status == 200)
            #expect(try await server.send(WireRequest("GET", "/readyz")).status == 503)
            for _ in 0..<3 {
                let started = ContinuousClock.now
                let answer = try await server.send(.call(Tokens.bearer(SeedData.host)))
                #expect(answer.status == 503)
                #expect(answer["retry-after"].flatMap { Int($0) }.map { $0 > 0 } == true)
                let body = try answer.decode(FailureBody.self)
                #expect(body.code == "SERVICE_UNAVAILABLE")
                #expect(body.errorData.statusCode == 503)
                #expect(!answer.text.contains("nonexistent"))
                #expect(ContinuousClock.now - started < .seconds(10))
            }
            // The checks of rows 1 to 6 of docs/errors.md need no database.
            #expect(try await server.send(.call(nil)).status == 401)
            #expect(try await server.send(.call(Tokens.bearer(SeedData.host), body: "{}")).status == 400)
            result = .success(())
        } catch {
            result = .failure(error)
        }
        try await onOwnThread { server.kill() }
        try result.get()
    }

    @Test func `a database that was never migrated is not ready`() async throws {
        try await withDatabase(.empty) { database in
            let folder = try Folder()
            try folder.write(Tokens.keySet(), to: RunningServer.keySetFile)
            let server = try await onOwnThread {
                try RunningServer.start(
                    [
                        "DATABASE_URL": "postgresql:///\(database.name)", "ALLOW_DEVELOPMENT_TOKENS": "true",
                        "STREAM_API_SECRET": String(repeating: "s", count: 32),
                    ],
                    folder: folder
                )
            }
            let probes = await Result {
                try await (
                    server.send(WireRequest("GET", "/readyz")).status, server.send(.call(Tokens.bearer(SeedData.host)))
                )
            }
            try await onOwnThread { server.kill() }
            let (readiness, answer) = try probes.get()
            #expect(readiness == 503)
            #expect(answer.status == 503)
            #expect(!answer.text.contains("connvo."))
        }
    }
}

extension Result where Failure == any Error, Success: Sendable {
    /// The result of `body`.
    fileprivate init(_ body: () async throws -> Success) async {
        do {
            self = .success(try await body())
        } catch {
            self = .failure(error)
        }
    }
}
