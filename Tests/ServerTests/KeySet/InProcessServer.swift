import Domain
import Logging
import NIOCore
import NIOPosix
import Persistence
import PostgreSQL

@testable import connvo_server

/// The issuing route on a port, without a database: a request whose token is accepted is refused for its body.
struct InProcessServer: Sendable {
    private let channel: any Channel

    let port: Int

    static func start(_ keySet: RefreshedKeySet) async throws -> InProcessServer {
        let nowhere = try ConnectionTarget(
            "postgresql:///connvo?host=/nonexistent",
            applicationName: "tests",
            sessionAttributes: .readWrite
        )
        // Never started, because no request reaches it.
        let engine = try IssuanceEngine(
            IssuanceConfiguration(
                target: nowhere,
                policy: AdmissionPolicy(streamRoles: [:], earlyJoinWindow: nil, pastDueGrace: .zero),
                terms: IssuanceTerms(signingKeyID: "none") { _ in SignedToken(bytes: [], sha256: []) }
            )
        ) { _ in }
        let logger = Logger(label: "test") { [log = keySet.requestLog] _ in log }
        let log = LogObserver(logger: logger, successes: SuccessSampling(limit: 10)) { _ in "-" }
        let group = MultiThreadedEventLoopGroup.singleton
        let listener = HTTPListener(
            name: "test",
            host: "127.0.0.1",
            port: 0,
            routes: Routes(
                pages: [:],
                function: TokenEndpoint(
                    authentication: keySet.authentication,
                    keySet: keySet.refresher,
                    engine: engine,
                    rules: Replaceable(AccessRules())
                ),
                observe: { log.observe($0) },
                now: SystemClock.now
            ),
            connections: ConnectionTable(capacity: 100, limits: ConnectionLimits(), group: group),
            group: group,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        )
        let channel = try await listener.bind()
        return InProcessServer(channel: channel, port: channel.localAddress?.port ?? 0)
    }

    func stop() async throws {
        try await channel.close().get()
    }

    /// Sends a token with an invalid body, which is refused only after the token has been accepted.
    func send(_ token: String) async throws -> HTTPConnection {
        let connection = try await HTTPConnection.open(port: port)
        try await connection.send(WireRequest.call(token, body: "{}").bytes)
        return connection
    }
}
