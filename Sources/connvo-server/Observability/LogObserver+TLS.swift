internal import Domain
internal import Logging

extension LogObserver {
    func log(_ event: TLSEvent) {
        switch event {
        case .handshake(_, .completed):
            break
        case .handshake(let listener, let outcome):
            logger.debug(
                "A TLS handshake failed",
                metadata: ["listener": "\(listener)", "outcome": "\(outcome.rawValue)"]
            )
        case .certificateTaken(let change):
            logger.notice(
                "A renewed certificate is in use",
                metadata: [
                    "listener": "\(change.listener)", "sha256": "\(change.fingerprint)",
                    "ends": "\(change.end.rfc3339)",
                ]
            )
        case .certificateRefused(let listener, let problem):
            logger.error(
                "A certificate was not taken; the one before stays in use",
                metadata: ["listener": "\(listener)", "reason": "\(problem)"]
            )
        case .certificateWarning(let listener, let warning):
            logger.warning(
                "A certificate needs attention",
                metadata: ["listener": "\(listener)", "reason": "\(warning)"]
            )
        }
    }
}
