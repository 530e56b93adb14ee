internal import JOSE
internal import Logging
internal import Metrics
internal import Synchronization

/// Writes log lines and metrics for the events of the key set. An unchanged state is logged once.
final class KeySetObserver: Sendable {
    private struct State: Sendable {
        var skipped: [JWKSet.SkippedKey] = []
        var failure: KeySetFailure?
    }

    private let logger: Logger
    private let metrics: any MetricsFactory
    private let age: Gauge
    private let last = Mutex(State())

    init(logger: Logger, metrics: any MetricsFactory = MetricsSystem.factory) {
        self.logger = logger
        self.metrics = metrics
        age = Gauge(label: "connvo_key_set_age_seconds", dimensions: [], factory: metrics)
    }

    func measured(age duration: Duration) {
        age.record(duration / .seconds(1))
    }

    func replaced(by keys: JWKSet, isNew: Bool, from source: String) {
        count(isNew ? "replaced" : "unchanged")
        measured(age: .zero)
        let hadFailed = last.withLock { last in
            defer { last.failure = nil }
            return last.failure != nil
        }
        guard isNew || hadFailed else { return }
        logger.info("Read the key set", metadata: ["source": "\(source)", "keys": "\(keys.count)"])
    }

    func failed(_ failure: KeySetFailure, _ source: String) {
        count(failure.slug)
        let isKnown = last.withLock { last in
            defer { last.failure = failure }
            return last.failure == failure
        }
        guard !isKnown else { return }
        logger.error("Could not read the key set", metadata: ["source": "\(source)", "reason": "\(failure)"])
    }

    func skipped(_ keys: [JWKSet.SkippedKey]) {
        let known = last.withLock { last in
            defer { last.skipped = keys }
            return last.skipped
        }
        for key in keys where !known.contains(key) {
            logger.warning(
                "A key of the key set is not usable",
                metadata: [
                    "index": "\(key.index)", "kid": "\(key.keyID ?? "none")", "reason": "\(key.reason.rawValue)",
                ]
            )
        }
    }

    func expired(_ source: String) {
        logger.critical(
            "The key set could not be read for too long and is not used any more: every token is answered 503",
            metadata: ["source": "\(source)"]
        )
    }

    private func count(_ outcome: String) {
        Counter(label: "connvo_key_set_reads_total", dimensions: [("outcome", outcome)], factory: metrics).increment()
    }
}
