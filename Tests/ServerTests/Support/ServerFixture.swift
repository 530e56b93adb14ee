import Foundation
import JOSE
import Synchronization
import TestSupport
import Testing

/// A database with the rows of ``SeedData``, and a server that uses it.
struct ServerFixture: Sendable {
    /// The fixture of the current suite; see ``SuiteTrait/serverFixture(_:)``.
    @TaskLocal private static var shared: ServerFixture?

    static var current: ServerFixture {
        get throws { try #require(shared, "the suite has no .serverFixture() trait") }
    }

    let database: TestDatabase
    let server: RunningServer
    /// The `STREAM_API_SECRET` of this server.
    let secret: String

    private static let counter = Atomic<Int>(0)

    /// Starts a database and a server, passes them to `body`, and stops them.
    static func with(
        _ settings: [String: String] = [:],
        startsWithKeySet: Bool = true,
        waitsForReadiness: Bool = true,
        body: @Sendable (ServerFixture) async throws -> Void
    ) async throws {
        try await withDatabase(.empty) { database in
            let secret = "stream-secret-of-the-tests-\(UUID().uuidString)"
            let own = ["DATABASE_URL": "postgresql:///\(database.name)", "STREAM_API_SECRET": secret]
            // With the binary, so that the schema is the one that it embeds.
            let migrated = try await Binary.run("migrate", settings: own)
            try #require(migrated.status == 0, "\(migrated.errors)")
            let server = try await onOwnThread {
                try database.run(SeedData.sql)
                let folder = try Folder()
                if startsWithKeySet { try folder.write(Tokens.keySet(), to: RunningServer.keySetFile) }
                let defaults = own.merging(["ALLOW_DEVELOPMENT_TOKENS": "true"]) { $1 }
                return try RunningServer.start(defaults.merging(settings) { $1 }, folder: folder)
            }
            let result: Result<Void, any Error>
            do {
                if waitsForReadiness { try await server.waitUntilReady() }
                let fixture = ServerFixture(database: database, server: server, secret: secret)
                try await body(fixture)
                result = .success(())
            } catch {
                result = .failure(error)
            }
            try await onOwnThread { server.kill() }
            try result.get()
        }
    }

    fileprivate func share(_ body: @Sendable () async throws -> Void) async throws {
        try await Self.$shared.withValue(self) { try await body() }
    }

    // MARK: Requests

    /// A request id that is unique in this run.
    static func makeRequestID() -> String {
        "test-\(counter.wrappingAdd(1, ordering: .relaxed).newValue)-\(UUID().uuidString)"
    }

    func send(_ request: WireRequest) async throws -> ReceivedResponse { try await server.send(request) }

    /// Sends a valid request as a user.
    func call(
        _ user: String = SeedData.host,
        meeting: String = SeedData.meeting,
        role: String? = nil,
        requestID: String = makeRequestID()
    ) async throws -> ReceivedResponse {
        let role = role.map { #","role":"\#($0)""# } ?? ""
        let body = #"{"args":{"meetingId":"\#(meeting)"\#(role)}}"#
        return try await send(.call(Tokens.bearer(user), body: body).adding("X-Request-Id", requestID))
    }

    /// Sends `request`, and then a valid request, on the same connection if it stays open and otherwise on a new one.
    /// It shows that the server still works after `request`.
    func sendAndGoOn(_ request: WireRequest) async throws -> ReceivedResponse {
        let connection = try await server.connect()
        try await connection.send(request.bytes)
        let answer = try await connection.answer(to: request.method)
        let good = WireRequest.call(try Tokens.bearer(SeedData.host))
        let next = answer.closes ? try await server.connect() : connection
        try await next.send(good.bytes)
        let nextAnswer = try await next.answer()
        #expect(nextAnswer.status == 200, "after \(answer.status): \(nextAnswer.text)")
        return answer
    }

    // MARK: Database

    /// The first value of a query, as text.
    func scalar(_ sql: String) async throws -> String? {
        try await onOwnThread { [database] in try database.scalar(sql) }
    }

    func run(_ sql: String) async throws {
        try await onOwnThread { [database] in try database.run(sql) }
    }

    /// How many rows a request has, in `issued_tokens` and `token_refusals` together.
    func recordCount(_ requestID: String) async throws -> Int {
        let count = try await scalar(
            """
            (SELECT count(*) FROM connvo.issued_tokens WHERE request_id = '\(requestID)')
            + (SELECT count(*) FROM connvo.token_refusals WHERE request_id = '\(requestID)')
            """
        )
        return count.flatMap { Int($0) } ?? -1
    }
}

/// Gives a suite one fixture, which its tests share.
struct StageTrait: SuiteTrait, TestScoping {
    let settings: [String: String]

    @concurrent func provideScope(
        for test: Test,
        testCase: Test.Case?,
        performing function: @concurrent @Sendable () async throws -> Void
    ) async throws {
        try await ServerFixture.with(settings) { fixture in try await fixture.share(function) }
    }
}

extension SuiteTrait where Self == StageTrait {
    static func serverFixture(_ settings: [String: String] = [:]) -> StageTrait { StageTrait(settings: settings) }
}
