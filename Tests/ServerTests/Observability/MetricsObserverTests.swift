import ConvexAPI
import Domain
import Persistence
import PostgreSQL
import Prometheus
import Testing

@testable import connvo_server

@Suite struct MetricsObserverTests {
    private let metrics = PrometheusFactory(ServerMetric.allCases.map(\.description))
    private let observer: MetricsObserver
    private static let caller = User.ID(rawValue: "user_1")

    init() {
        observer = MetricsObserver(metrics)
    }

    private func value(_ series: String) -> Double? { metrics.value(of: series) }

    @Test func `a request is measured by route, method and status`() {
        observer.observe(.answered(.example(.page, status: 200, method: .get, route: .livez)))
        observer.observe(.answered(.example(.page, status: 200, method: .get, route: .livez)))
        observer.observe(.answered(.example(.rejected(.routeNotFound), status: 404, method: .other, route: .unmatched)))

        let name = "http_server_request_duration_seconds"
        let livez = #"http_request_method="GET",http_response_status_code="200",http_route="/livez""#
        #expect(value("\(name)_count{\(livez)}") == 2)
        #expect(value("\(name)_sum{\(livez)}") == 0.00469)
        #expect(value(#"\#(name)_bucket{\#(livez),le="0.001"}"#) == 0)
        #expect(value(#"\#(name)_bucket{\#(livez),le="0.0025"}"#) == 2)
        let unmatched = #"http_request_method="_OTHER",http_response_status_code="404",http_route="unmatched""#
        #expect(value("\(name)_count{\(unmatched)}") == 1)
        #expect(value(#"connvo_requests_rejected_total{code="NOT_FOUND"}"#) == 1)
    }

    @Test func `a refusal is counted by its reason, and its wait is measured`() {
        observer.observe(.answered(.example(.decided(.refused(.tierRequired), caller: Self.caller), status: 403)))

        #expect(value(#"connvo_tokens_refused_total{reason="tier_required"}"#) == 1)
        #expect(value("connvo_queue_wait_seconds_sum") == 0.00025)
    }

    @Test func `each outcome is counted where it belongs`() {
        let outcomes: [(IssuanceOutcome, String)] = [
            (.rateLimited(limit: 60, retryAfter: 3), "connvo_requests_rate_limited_total"),
            (.failed, "connvo_requests_failed_total"),
            (.unavailable(.overloaded), #"connvo_requests_unavailable_total{reason="overloaded"}"#),
            (.unavailable(.commitUnknown), #"connvo_requests_unavailable_total{reason="commit_unknown"}"#),
        ]
        for (outcome, series) in outcomes {
            #expect(value(series) == 0, "known before it happens, so that the first time is a rise")
            observer.observe(.answered(.example(.decided(outcome, caller: Self.caller), status: 200)))
            #expect(value(series) == 1)
        }
        #expect(value("connvo_queue_wait_seconds_count") == 0)
    }

    @Test func `a caller that is not authenticated is counted by cause`() {
        let failure = AuthenticationFailure(reason: .expiredToken, cause: "expired")
        observer.observe(.answered(.example(.unauthenticated(failure), status: 401)))

        #expect(value(#"connvo_authentication_failures_total{cause="expired"}"#) == 1)
    }

    @Test func `batches and connections are measured`() {
        observer.observe(.issuance(.committed(size: 12, took: .milliseconds(3))))
        observer.observe(.issuance(.commitUnknown(size: 7, DatabaseError(.connectionLost, "gone"))))
        observer.observe(.issuance(.connected(slot: 0)))
        observer.observe(.issuance(.connectionLost(slot: 0, nil)))
        observer.observe(.issuance(.connectingFailed(slot: 0, DatabaseError(.connect, "refused"))))

        #expect(value(#"connvo_batch_size_bucket{le="8"}"#) == 0)
        #expect(value(#"connvo_batch_size_bucket{le="16"}"#) == 1)
        #expect(value("connvo_batch_duration_seconds_sum") == 0.003)
        #expect(value("connvo_commits_unknown_total") == 1)
        #expect(value("connvo_database_connections_opened_total") == 1)
        #expect(value("connvo_database_connections_lost_total") == 1)
        #expect(value("connvo_database_connection_failures_total") == 1)
    }

    @Test func `routes and methods have numbers of their own`() {
        #expect(Set(RouteLabel.allCases.map(\.number)).count == RouteLabel.allCases.count)
        #expect(Set(MethodLabel.allCases.map(\.number)).count == MethodLabel.allCases.count)
    }

    @Test func `every metric is described in one sentence, and its name says its unit`() {
        for metric in ServerMetric.allCases {
            let description = metric.description
            #expect(description.help.hasSuffix(".") && description.help.count > 10, "\(description.name)")
            #expect((description.kind == .counter) == description.name.hasSuffix("_total"), "\(description.name)")
        }
    }
}
