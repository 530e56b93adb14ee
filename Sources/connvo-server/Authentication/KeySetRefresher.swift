internal import JOSE
internal import NIOSSL
internal import ServiceLifecycle
internal import Synchronization

/// Reads a ``KeySetSource`` into a ``KeySetStore`` at the times that a ``KeySetSchedule`` gives.
///
/// Only one read runs at a time. When a read fails or returns no usable key, the last good set stays in use until the
/// schedule expires it.
final class KeySetRefresher: Service, Sendable {
    /// The clock in the form that the schedule uses: durations since one origin.
    struct Time: Sendable {
        let now: @Sendable () -> Duration
        let sleep: @Sendable (_ until: Duration) async throws -> Void

        static func system() -> Time {
            let clock = ContinuousClock()
            let origin = clock.now
            return Time(
                now: { clock.now - origin },
                sleep: { try await clock.sleep(until: origin + $0) }
            )
        }
    }

    private struct State: Sendable {
        var schedule: KeySetSchedule
        var waiting: [@Sendable () -> Void] = []
        /// The wait for the next step. It is cancelled when an unknown key makes a read due.
        var nap: Task<Void, Never>?
    }

    /// The most requests that may wait for one read. Further requests are decided with the current set.
    static let waitingLimit = 1000

    private let currentSource: Replaceable<any KeySetSource>
    private let store: KeySetStore
    private let observe: Observation.Sink
    private let time: Time
    private let state: Mutex<State>

    init(
        source: any KeySetSource,
        store: KeySetStore,
        observe: @escaping Observation.Sink,
        time: Time = .system()
    ) {
        currentSource = Replaceable(source)
        self.store = store
        self.observe = observe
        self.time = time
        state = Mutex(State(schedule: KeySetSchedule(source.rules)))
    }

    /// The source of the next read.
    private var source: any KeySetSource { currentSource.current }

    /// Trusts other authorities for the server's certificate, from the next read on. Changes nothing for a file.
    func replaceTrustRoots(with trustRoots: NIOSSLTrustRoots) {
        guard let download = source as? KeySetDownload else { return }
        currentSource.replace(with: KeySetDownload(url: download.url, trustRoots: trustRoots))
    }

    func run() async throws {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled { await self.step() }
        }
    }

    /// Carries out the next step of the schedule. The first step reads the set.
    func step() async {
        let now = time.now()
        switch state.withLock({ $0.schedule.next(at: now) }) {
        case .read:
            await read()
        case .expire:
            store.expire()
            observe(.keySet(.expired(source: source.name)))
        case .wait(let moment):
            await nap(until: moment)
        }
    }

    /// Calls `body` once, on any thread, after a read that may add a key which the current set does not have.
    ///
    /// - Parameter generation: The generation of the set that did not have the key.
    /// - Returns: Whether `body` will be called. If false, no read is running and none may begin now, or too many
    ///   requests wait already.
    func whenRead(since generation: UInt64, _ body: @escaping @Sendable () -> Void) -> Bool {
        if store.current.generation != generation {
            body()
            return true
        }
        let now = time.now()
        return state.withLock { state in
            guard state.waiting.count < Self.waitingLimit, state.schedule.noteUnknownKey(at: now) else { return false }
            state.waiting.append(body)
            state.nap?.cancel()
            return true
        }
    }

    /// The time since the set was read successfully, whether it has expired or not; nil before the first time.
    var age: Duration? {
        let now = time.now()
        return state.withLock { $0.schedule.age(at: now) }
    }

    /// A problem that operators should know about while tokens can still be verified.
    var warning: String? {
        let snapshot = store.current
        guard snapshot.lastReadFailed, !snapshot.keys.isEmpty else { return nil }
        guard let age else { return nil }
        let limit = source.rules.staleLimit.components.seconds / 3600
        return "the key set cannot be read; the one from \(age.components.seconds) s ago is used for up to \(limit) h"
    }

    // MARK: Steps

    private func read() async {
        let succeeded: Bool
        do {
            let keys = try await keySet()
            let isNew = store.replace(with: keys)
            observe(.keySet(.read(keys: keys.count, isNew: isNew, source: source.name)))
            succeeded = true
        } catch {
            // A read that is cancelled because the process ends is not a failure of the source.
            if !Task.isCancelled {
                store.noteFailure()
                observe(.keySet(.failed(error, source: source.name)))
            }
            succeeded = false
        }
        let now = time.now()
        let waiting = state.withLock { state in
            state.schedule.end(succeeded: succeeded, at: now, chance: .random(in: 0...1))
            defer { state.waiting = [] }
            return state.waiting
        }
        for body in waiting { body() }
    }

    private func keySet() async throws(KeySetFailure) -> JWKSet {
        let text = try await source.read()
        let keys: JWKSet
        do {
            keys = try JWKSet(parsing: text)
        } catch {
            throw .refused(error)
        }
        observe(.keySet(.skipped(keys.skipped)))
        guard !keys.isEmpty else { throw .noUsableKey }
        return keys
    }

    private func nap(until moment: Duration) async {
        let nap = Task { [time] in _ = try? await time.sleep(moment) }
        let now = time.now()
        let isWanted = state.withLock { state in
            // An unknown key may have arrived since the schedule was asked.
            guard !state.schedule.isDue(at: now) else { return false }
            state.nap = nap
            return true
        }
        guard isWanted else { return nap.cancel() }
        await withTaskCancellationHandler {
            await nap.value
        } onCancel: {
            nap.cancel()
        }
        state.withLock { $0.nap = nil }
    }
}
