internal import JOSE
internal import Persistence

/// Something that happened and that operators may want to know. The log and the metrics are made from the same events.
///
/// ``ConnvoApplication`` decides who is told: ``LogObserver`` and ``MetricsObserver``.
enum Observation: Sendable {
    case answered(AnsweredRequest)
    case issuance(IssuanceEvent)
    case database(DatabaseMonitor.Event)
    case keySet(KeySetEvent)
    case reload(ReloadEvent)
    case tls(TLSEvent)

    /// Tells an observer. May be called on any thread, and must not block.
    typealias Sink = @Sendable (Observation) -> Void
}

/// What happens to the key set that bearer tokens are verified with. `source` is the URL or the path.
enum KeySetEvent: Sendable {
    /// The set was read. `isNew` says whether its keys differ from those before.
    case read(keys: Int, isNew: Bool, source: String)
    case failed(KeySetFailure, source: String)
    /// Keys of the set that cannot be used; empty when all can.
    case skipped([JWKSet.SkippedKey])
    /// The set could not be read for so long that it is not used any more.
    case expired(source: String)
}
