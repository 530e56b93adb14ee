internal import JOSE
internal import Logging
internal import Synchronization

extension LogObserver {
    /// Writes a line when the state of the key set has changed.
    func log(_ event: KeySetEvent) {
        switch event {
        case .read(let keys, let isNew, let source):
            let hadFailed = keySet.withLock { last in
                defer { last.failure = nil }
                return last.failure != nil
            }
            guard isNew || hadFailed else { return }
            logger.info("Read the key set", metadata: ["source": "\(source)", "keys": .stringConvertible(keys)])
        case .failed(let failure, let source):
            let isKnown = keySet.withLock { last in
                defer { last.failure = failure }
                return last.failure == failure
            }
            guard !isKnown else { return }
            logger.error("Could not read the key set", metadata: ["source": "\(source)", "reason": "\(failure)"])
        case .skipped(let keys):
            logSkipped(keys)
        case .expired(let source):
            logger.critical(
                "The key set could not be read for too long and is not used any more: every token is answered 503",
                metadata: ["source": "\(source)"]
            )
        }
    }

    private func logSkipped(_ keys: [JWKSet.SkippedKey]) {
        let known = keySet.withLock { last in
            defer { last.skipped = keys }
            return last.skipped
        }
        for key in keys where !known.contains(key) {
            logger.warning(
                "A key of the key set is not usable",
                metadata: [
                    "index": .stringConvertible(key.index), "kid": "\(key.keyID ?? "none")",
                    "reason": "\(key.reason.rawValue)",
                ]
            )
        }
    }
}
