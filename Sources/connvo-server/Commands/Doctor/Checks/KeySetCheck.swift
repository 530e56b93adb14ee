internal import Glibc
internal import JOSE
internal import Text

extension DoctorCheck {
    /// Whether the keys that verify bearer tokens can be read, once, as `serve` reads them.
    static let keySet = DoctorCheck("key_set", .network { await finding(keySetFrom: $0.keySetSource) })

    static func finding(keySetFrom source: any KeySetSource) async -> [Finding] {
        let name = source.name.safe(for: .table)
        let keys: JWKSet
        do {
            keys = try JWKSet(parsing: try await source.read())
        } catch let error as JWKSetError {
            return [fault(name, "\(KeySetFailure.refused(error))", .failed)]
        } catch let error as KeySetFailure {
            return [fault(name, "\(error)", source is KeySetFile ? .failed : .unavailable)]
        } catch {
            return [fault(name, "\(error)", .failed)]
        }
        guard !keys.isEmpty else { return [fault(name, "\(KeySetFailure.noUsableKey)", .failed)] }
        let count = keys.count == 1 ? "1 key" : "\(keys.count) keys"
        let skipped = keys.skipped.isEmpty ? "" : "; left out: \(skippedText(keys.skipped))"
        let age = source is KeySetFile ? age(ofFile: source.name).map { ", written \($0)" } ?? "" : ""
        return [.ok("\(count) for RS256 from \(name)\(age)\(skipped)")]
    }

    private static func fault(_ name: String, _ cause: String, _ status: ExitStatus) -> Finding {
        .fault(
            "\(name): \(cause.safe(for: .table))",
            remedy: """
                see whether this machine reaches it, and whether WORKOS_CLIENT_ID, WORKOS_JWKS_URL and WORKOS_CA_FILE \
                are right: without keys no bearer token is accepted
                """,
            status: status
        )
    }

    private static func skippedText(_ keys: [JWKSet.SkippedKey]) -> String {
        keys.map { "\($0.keyID ?? "number \($0.index + 1)") (\($0.reason.rawValue))" }.joined(separator: ", ")
    }

    /// How long ago a file was written, in words; nil when that is not known.
    private static func age(ofFile path: String) -> String? {
        var status = stat()
        guard stat(path, &status) == 0 else { return nil }
        let seconds = time(nil) - status.st_mtim.tv_sec
        switch seconds {
        case ..<0: return "in the future"
        case ..<7200: return "\(seconds / 60) min ago"
        case ..<172_800: return "\(seconds / 3600) h ago"
        default: return "\(seconds / 86_400) days ago"
        }
    }
}
