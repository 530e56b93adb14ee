internal import FoundationEssentials

/// A key set in a file (`WORKOS_JWKS_URL=file:...`), which is read every two seconds.
struct KeySetFile: KeySetSource {
    let path: String

    var name: String { path }
    var rules: KeySetSchedule.Rules { .file }

    func read() async throws(KeySetFailure) -> [UInt8] {
        guard let data = FileManager.default.contents(atPath: path) else { throw .fileUnreadable }
        return [UInt8](data)
    }
}
