internal import ConvexAPI
internal import Domain
internal import Metrics
internal import Persistence
internal import Prometheus
internal import Synchronization

/// Counts and measures observations.
///
/// Labels come from closed lists, or from the names of tiers, of which ``PrometheusFactory`` keeps so many.
final class MetricsObserver: Sendable {
    /// Those that are known, so that a series is looked up by name once. By numbers, because the hash of a text costs
    /// more than all the rest of an observation.
    private struct Series: Sendable {
        var durations: [UInt32: Timer] = [:]
        /// By role, and by the length of the tier's id: few tiers have ids of one length.
        var tokens: [UInt32: [(tier: String, counter: Counter)]] = [:]
        var tokenCount = 0
    }

    private let metrics: any MetricsFactory
    private let series = Mutex(Series())
    private let queueWait: Timer
    private let batchSize: Recorder
    private let batchDuration: Timer

    /// Those without labels whose events come here.
    private static let plainCounters: [ServerMetric] = [
        .rateLimited, .failed, .batchesFailed, .recordsFailed, .commitsUnknown, .connectionsOpened, .connectionFailures,
        .connectionsLost,
    ]

    init(_ metrics: any MetricsFactory) {
        self.metrics = metrics
        queueWait = Timer(.queueWait, in: metrics)
        batchSize = Recorder(label: ServerMetric.batchSize.rawValue, dimensions: [], aggregate: true, factory: metrics)
        batchDuration = Timer(.batchDuration, in: metrics)
        // A rate of what has not happened yet is 0 and not absent, so that the first time raises an alert.
        for metric in Self.plainCounters { count(metric, by: 0) }
        for reason in IssuanceOutcome.Unavailability.allCases {
            count(.unavailable, ("reason", reason.rawValue), by: 0)
        }
        for outcome in ["succeeded", "failed"] { count(.reloads, ("outcome", outcome), by: 0) }
    }

    func observe(_ observation: Observation) {
        switch observation {
        case .answered(let request): measure(request)
        case .issuance(let event): measure(event)
        case .database: break
        case .keySet(let event): measure(event)
        case .reload(let event): measure(event)
        case .tls(.handshake(let listener, let outcome)):
            count(.tlsHandshakes, ("listener", listener), ("outcome", outcome.rawValue))
        case .tls: break
        }
    }

    // MARK: Requests

    private func measure(_ request: AnsweredRequest) {
        duration(of: request).recordNanoseconds(request.duration)
        switch request.result {
        case .page: break
        case .unauthenticated(let failure): count(.authenticationFailures, ("cause", failure.cause))
        case .rejected(let error): count(.rejected, ("code", error.code))
        case .decided(let outcome, _): measure(outcome, request.timing)
        case .turnedAway(let reason): count(.unavailable, ("reason", reason.rawValue))
        }
    }

    private func measure(_ outcome: IssuanceOutcome, _ timing: IssuanceTiming) {
        switch outcome {
        case .issued(let issued):
            tokens(issued.admission.grantedRole, issued.admission.subscription.tier.id).increment()
            queueWait.recordNanoseconds(timing.queued)
        case .refused(let refusal):
            count(.tokensRefused, ("reason", refusal.reason))
            queueWait.recordNanoseconds(timing.queued)
        case .rateLimited: count(.rateLimited)
        case .unavailable(let reason): count(.unavailable, ("reason", reason.rawValue))
        case .failed: count(.failed)
        }
    }

    private func duration(of request: AnsweredRequest) -> Timer {
        let key = request.route.number << 24 | request.method.number << 16 | UInt32(request.status)
        return series.withLock { series in
            if let known = series.durations[key] { return known }
            let new = Timer(
                .requestDuration,
                ("http_route", request.route.rawValue),
                ("http_request_method", request.method.rawValue),
                ("http_response_status_code", "\(request.status)"),
                in: metrics
            )
            series.durations[key] = new
            return new
        }
    }

    private func tokens(_ role: Role, _ tier: SubscriptionTier.ID) -> Counter {
        let tier = tier.rawValue
        let key = role.number << 24 | UInt32(tier.utf8.count)
        return series.withLock { series in
            if let known = series.tokens[key]?.first(where: { $0.tier == tier }) { return known.counter }
            let new = Counter(.tokensIssued, ("role", role.rawValue), ("tier", tier), in: metrics)
            // Beyond the limit of the factory, counters count nothing: no need to keep more of them.
            if series.tokenCount < 1000 {
                series.tokenCount += 1
                series.tokens[key, default: []].append((tier, new))
            }
            return new
        }
    }

    // MARK: The database and the key set

    private func measure(_ event: IssuanceEvent) {
        switch event {
        case .connected: count(.connectionsOpened)
        case .connectingFailed: count(.connectionFailures)
        case .connectionLost: count(.connectionsLost)
        case .committed(let size, let took):
            batchSize.record(size)
            batchDuration.recordNanoseconds(took.nanoseconds)
        case .batchFailed: count(.batchesFailed)
        case .itemFailed: count(.recordsFailed)
        case .commitUnknown: count(.commitsUnknown)
        case .batchSplit, .sessionsShared, .commitsStalled, .commitsResumed, .turnedAway: break
        }
    }

    private func measure(_ event: KeySetEvent) {
        switch event {
        case .read(_, let isNew, _): count(.keySetReads, ("outcome", isNew ? "replaced" : "unchanged"))
        case .failed(let failure, _): count(.keySetReads, ("outcome", failure.slug))
        case .skipped, .expired: break
        }
    }

    private func measure(_ event: ReloadEvent) {
        switch event {
        case .succeeded: count(.reloads, ("outcome", "succeeded"))
        case .failed: count(.reloads, ("outcome", "failed"))
        }
    }

    private func count(_ metric: ServerMetric, _ labels: (String, String)..., by amount: Int = 1) {
        Counter(label: metric.rawValue, dimensions: labels, factory: metrics).increment(by: amount)
    }
}

extension Role {
    /// Different for each, as ``RouteLabel/number``.
    fileprivate var number: UInt32 {
        switch self {
        case .observer: 0
        case .participant: 1
        case .coHost: 2
        case .host: 3
        }
    }
}

extension Counter {
    fileprivate convenience init(_ metric: ServerMetric, _ labels: (String, String)..., in metrics: any MetricsFactory)
    {
        self.init(label: metric.rawValue, dimensions: labels, factory: metrics)
    }
}

extension Timer {
    fileprivate convenience init(_ metric: ServerMetric, _ labels: (String, String)..., in metrics: any MetricsFactory)
    {
        self.init(label: metric.rawValue, dimensions: labels, preferredDisplayUnit: .seconds, factory: metrics)
    }
}
