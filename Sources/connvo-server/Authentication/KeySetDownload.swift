internal import AsyncHTTPClient
internal import NIOCore
internal import NIOHTTP1
internal import NIOPosix
internal import NIOSSL

/// A key set that is downloaded (`WORKOS_JWKS_URL=https:...`).
///
/// Every read makes a new client and a new connection and closes both, because minutes pass between two reads.
struct KeySetDownload: KeySetSource {
    let url: String
    private let configuration: HTTPClient.Configuration
    private let timeLimit: TimeAmount

    /// - Parameters:
    ///   - url: With the scheme `https`.
    ///   - trustRoots: The certificate authorities that are trusted for the server's certificate.
    ///   - timeLimit: For name resolution, connecting and the whole response together.
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
        // KeySetSchedule decides when to try again.
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
        // Not awaited, because name resolution cannot be cancelled and would delay the result.
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
                delegate: KeySetResponse(),
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
    /// Converts an error of the HTTP client.
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

    /// Removes the position in BoringSSL's sources that its errors end with, and shortens the text to fit in a log
    /// line.
    private static func cause(_ error: any Error) -> String {
        let text = "\(error)"
        let end = text.firstRange(of: " at /")?.lowerBound ?? text.endIndex
        return String(text[..<end].prefix(300))
    }
}
