internal import Domain
internal import Logging

extension LogObserver {
    /// One line for each reload. It is written at `LOG_LEVEL=warning` and above, too: without it nothing tells an operator
    /// that the retired secret signs no more.
    func log(_ event: ReloadEvent) {
        switch event {
        case .succeeded(let changes, let certificates, let forRestart):
            var metadata: Logger.Metadata = [:]
            if !changes.isEmpty { metadata["changed"] = "\(changes.map(\.description).joined(separator: "; "))" }
            if !certificates.isEmpty {
                let texts = certificates.map { "\($0.listener) \($0.fingerprint) until \($0.end.rfc3339)" }
                metadata["certificates"] = "\(texts.joined(separator: "; "))"
            }
            if !forRestart.isEmpty {
                metadata["need_restart"] = "\(forRestart.map(\.name).joined(separator: ", "))"
            }
            let isSame = changes.isEmpty && certificates.isEmpty
            var logger = logger
            logger.logLevel = min(logger.logLevel, .notice)
            logger.notice(
                isSame ? "Settings were read again, and none has changed" : "Settings were reloaded",
                metadata: metadata
            )
        case .failed(let failure):
            logger.error(
                "Settings were not reloaded, and those before are in use",
                metadata: ["error": "\(failure.problems.map(\.description).joined(separator: "; "))"]
            )
        }
    }
}
