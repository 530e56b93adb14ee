import ConvexAPI
import Domain
import InMemoryLogging
import Logging
import MetricsTestKit
import Persistence
import Testing

@testable import connvo_server

@Suite struct RequestObserverTests {
    private let metrics = TestMetrics()
    private let log = InMemoryLogHandler()

    private var observer: RequestObserver {
        RequestObserver(logger: Logger(label: "test") { [log] _ in log }, metrics: metrics)
    }

    @Test(arguments: ["expired", "bad_signature", "alg_not_allowed", "unknown_kid"])
    func `causes with the same response are distinguished in the log and in a metric`(cause: String) throws {
        observer.authenticationFailed(cause: cause, requestID: "request-1")

        #expect(try metrics.expectCounter("connvo_authentication_failures_total", [("cause", cause)]).values == [1])
        #expect(log.entries.first?.metadata["cause"]?.description == cause)
    }

    @Test func `the log names the issuer that is not accepted, and no text forges or floods a line`() {
        let issuer = "https://api.workos.com/user_management/client_01HZ8XK3V9Q2M4N6P7R8S9T0VW"
        for text in [issuer, "a\nb\u{1B}[2J\u{202E}", String(repeating: "x", count: 4000)] {
            observer.authenticationFailed(cause: "wrong_issuer", issuer: text, requestID: "request-1")
        }

        #expect(
            log.entries.map { $0.metadata["issuer"]?.description } == [
                issuer, "a\u{FFFD}b\u{FFFD}[2J\u{FFFD}", String(repeating: "x", count: 255) + "...",
            ]
        )
    }

    @Test func `a refusal is counted by its reason`() throws {
        observer.answered(.refused(.tierRequired), requestID: "request-1")

        #expect(try metrics.expectCounter("connvo_refusals_total", [("reason", "tier_required")]).values == [1])
    }

    @Test func `a response with 503 is a warning, and one with 415 is not`() {
        let observer = observer
        observer.refused(.unavailable, requestID: "request-1")
        observer.refused(.unsupportedMediaType, requestID: "request-2")

        #expect(log.entries.map(\.level) == [.warning])
    }
}
