internal import FoundationEssentials
internal import JOSE
internal import Logging
internal import ServiceLifecycle

/// Keeps a ``KeySetStore`` in step with a file (`WORKOS_JWKS_URL=file:...`).
///
/// A file that vanishes, or that holds no usable key, does not take the last good set away.
actor KeySetFile: Service {
    private let path: String
    private let store: KeySetStore
    private let logger: Logger
    private let interval: Duration
    private var lastContents: [UInt8]?
    private var lastComplaint: String?

    /// - Parameter interval: How often the file is looked at.
    init(path: String, store: KeySetStore, interval: Duration = .seconds(2), logger: Logger) {
        self.path = path
        self.store = store
        self.interval = interval
        self.logger = logger
    }

    func run() async throws {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                await self.read()
                try? await Task.sleep(for: self.interval)
            }
        }
    }

    /// Reads the file once.
    func read() {
        do {
            guard let data = FileManager.default.contents(atPath: path) else {
                throw KeySetFileFailure("the file cannot be read")
            }
            let contents = [UInt8](data)
            if contents == lastContents { return store.noteUnchanged() }
            let keys = try JWKSet(parsing: contents)
            for key in keys.skipped {
                logger.warning("A key of the key set is not usable", metadata: ["key": "\(key)"])
            }
            guard !keys.isEmpty else { throw KeySetFileFailure("the file holds no usable key") }
            store.replace(with: keys)
            lastContents = contents
            lastComplaint = nil
            logger.info("Read the key set", metadata: ["path": "\(path)", "keys": "\(keys.count)"])
        } catch {
            store.noteFailure()
            complain("\(error)")
        }
    }

    /// Logs a failure once, not every time the file is looked at.
    private func complain(_ reason: String) {
        guard reason != lastComplaint else { return }
        lastComplaint = reason
        logger.error("Could not read the key set", metadata: ["path": "\(path)", "reason": "\(reason)"])
    }
}

private struct KeySetFileFailure: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) {
        self.description = description
    }
}
