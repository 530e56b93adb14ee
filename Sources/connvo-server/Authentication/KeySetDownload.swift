internal import AsyncHTTPClient
internal import NIOCore
internal import NIOHTTP1
internal import NIOPosix
internal import NIOSSL

/// A key set that its owner publishes (`WORKOS_JWKS_URL=https:...`).
///
/// Every read is one connection of its own, which is closed afterwards: between two reads lie minutes, and nothing of
/// the client stays in memory for them.
struct KeySetDownload: KeySetSource {
    let url: String
    private let configuration: HTTPClient.Configuration
    private let timeLimit: TimeAmount

    /// - Parameters:
    ///   - url: With the scheme `https`.
    ///   - trustRoots: Who may vouch for the server.
    ///   - timeLimit: For resolving, connecting and the whole answer together.
    init(url: String, trustRoots: NIOSSLTrustRoots = .default, timeLimit: TimeAmount = .seconds(5)) {
        self.url = url
        self.timeLimit = timeLimit
        var tls = TLSConfiguration.makeClientConfiguration()
        tls.minimumTLSVersion = .tlsv12
        tls.trustRoots = trustRoots
        var configuration = HTTPClient.Configuration(
            tlsConfiguration: tls,
            redirectConfiguration: .disallow,
            timeout: .init(connect: timeLimit, read: timeLimit),
            decompression: .disabled
        )
        configuration.httpVersion = .http1Only
        configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = 1
        // The schedule knows when to try again.
        configuration.connectionPool.retryConnectionEstablishment = false
        self.configuration = configuration
    }

    var name: String { url }
    var rules: KeySetSchedule.Rules { .download }

    func read() async throws(KeySetFailure) -> [UInt8] {
        let client = HTTPClient(
            eventLoopGroup: MultiThreadedEventLoopGroup.singleton,
            configuration: configuration
        )
        // Not awaited: a name that is being resolved cannot be called back, and would hold up the answer.
        defer { client.shutdown { _ in } }
        do {
            let request = try HTTPClient.Request(
                url: url,
                headers: [
                    "Accept": "application/jwk-set+json, application/json", "Accept-Encoding": "identity",
                    "User-Agent": "connvo-server",
                ]
            )
            let exchange = client.execute(
                request: request,
                delegate: KeySetAnswer(),
                deadline: .now() + timeLimit
            )
            return try await withTaskCancellationHandler {
                try await exchange.get()
            } onCancel: {
                exchange.cancel()
            }
        } catch {
            throw KeySetFailure(error)
        }
    }
}

extension KeySetFailure {
    /// What the client throws.
    fileprivate init(_ error: any Error) {
        switch error {
        case let failure as KeySetFailure:
            self = failure
        case let error as HTTPClientError
        where [.deadlineExceeded, .connectTimeout, .readTimeout, .tlsHandshakeTimeout].contains(error):
            self = .timedOut
        case is NIOSSLError, is NIOSSLExtraError, is BoringSSLError:
            self = .tls(Self.cause(error))
        default:
            self = .connection(Self.cause(error))
        }
    }

    /// Short enough for a line, and without the place in BoringSSL's sources that its errors end with.
    private static func cause(_ error: any Error) -> String {
        let text = "\(error)"
        let end = text.firstRange(of: " at /")?.lowerBound ?? text.endIndex
        return String(text[..<end].prefix(300))
    }
}
