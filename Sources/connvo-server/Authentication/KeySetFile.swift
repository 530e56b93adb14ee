internal import Glibc
internal import JOSE
internal import Synchronization

/// A key set in a file (`WORKOS_JWKS_URL=file:...`), which is read every two seconds.
///
/// The file may be on a mount that hangs: it is read on a thread of its own, with a time limit. While a read hangs no
/// other begins, so that a mount which stays away costs one thread.
final class KeySetFile: KeySetSource {
    private let file: SmallFile
    private let isReading = Atomic(false)

    init(path: String, timeLimit: Duration = .seconds(5)) {
        file = SmallFile(
            path: path,
            byteLimit: JWKSet.maximumByteCount,
            timeLimit: timeLimit,
            // It is read again and again.
            acceptsPipe: false
        )
    }

    var name: String { file.path }
    var rules: KeySetSchedule.Rules { .file }

    func read() async throws(KeySetFailure) -> [UInt8] {
        guard !isReading.exchange(true, ordering: .acquiringAndReleasing) else { throw .timedOut }
        // One thread waits for the other, because waiting must not block a thread of the cooperative pool.
        let result = await onThreadOfItsOwn(named: "key-set-limit") { [self] in readWithinLimit() }
        do {
            return try result.get()
        } catch {
            switch error {
            case .timedOut: throw .timedOut
            case .tooLong: throw .refused(.tooLong)
            case .system, .notAFile: throw .fileUnreadable(error)
            }
        }
    }

    private func readWithinLimit() -> Result<[UInt8], SmallFile.Failure> {
        do {
            let result = try onThreadOfItsOwn(named: "key-set-file", within: file.timeLimit) { [self] in
                defer { isReading.store(false, ordering: .releasing) }
                return file.read()
            }
            return result ?? .failure(.timedOut(after: file.timeLimit))
        } catch {
            isReading.store(false, ordering: .releasing)
            return .failure(.system(EAGAIN))
        }
    }
}
