internal import Domain
internal import JOSE
internal import Logging
internal import Synchronization

/// Writes log lines for observations. No line contains a token, a secret or personal data.
///
/// What each kind of event is worth a line for is in the extensions.
final class LogObserver: Sendable {
    /// What was logged last of the key set, so that an unchanged state has one line.
    struct KeySetState: Sendable {
        var skipped: [JWKSet.SkippedKey] = []
        var failure: KeySetFailure?
    }

    let logger: Logger
    /// For lines that an outage could repeat without end.
    let throttle = LogThrottle()
    /// For the access lines of tokens that were issued.
    let successes: SuccessSampling
    /// What stands for a user in a line.
    let pseudonym: @Sendable (User.ID) -> String
    let keySet = Mutex(KeySetState())

    init(logger: Logger, successes: SuccessSampling, pseudonym: @escaping @Sendable (User.ID) -> String) {
        self.logger = logger
        self.successes = successes
        self.pseudonym = pseudonym
    }

    func observe(_ observation: Observation) {
        switch observation {
        case .answered(let request): log(request)
        case .issuance(let event): log(event)
        case .database(let event): log(event)
        case .keySet(let event): log(event)
        case .reload(let event): log(event)
        case .tls(let event): log(event)
        }
    }
}
