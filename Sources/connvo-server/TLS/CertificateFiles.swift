internal import Glibc
internal import PostgreSQL
internal import SystemPackage

/// The two files that the TLS settings of a listener name: certificates and private key, both in PEM.
struct CertificateFiles: Hashable, Sendable {
    /// What both files hold at one time.
    struct Contents: Hashable, Sendable {
        let certificates: [UInt8]
        let key: [UInt8]
        /// Whether every user of this machine may read the key.
        let keyIsExposed: Bool
    }

    /// Which listener presents the certificate: "public" or "admin".
    let listener: String
    let certificateSetting: Setting
    let keySetting: Setting
    let certificatePath: String
    let keyPath: String

    /// How long both may take together.
    static let timeLimit: Duration = .seconds(5)
    /// Of each file, in bytes. Every client gets all certificates of the file, so it is no place for a bundle of
    /// authorities.
    private static let byteLimit = 64 * 1024

    /// Reads both files on the calling thread, for as long as it takes.
    ///
    /// - Throws: A problem for each file that cannot be read.
    func read() throws(ConfigurationFailure) -> Contents {
        var problems: [SettingProblem] = []
        func contents(_ path: String, _ setting: Setting) -> [UInt8] {
            // Both are read again and again, so neither may be a pipe.
            let file = SmallFile(
                path: path,
                byteLimit: Self.byteLimit,
                timeLimit: Self.timeLimit,
                acceptsPipe: false
            )
            switch file.read() {
            case .success([]):
                problems.append(problem(setting, "is empty"))
            case .success(let bytes):
                return bytes
            case .failure(let failure):
                problems.append(problem(setting, "\(failure)", remedy: "name a file that this user may read"))
            }
            return []
        }
        let certificates = contents(certificatePath, certificateSetting)
        let key = contents(keyPath, keySetting)
        guard problems.isEmpty else { throw ConfigurationFailure(problems) }
        return Contents(certificates: certificates, key: key, keyIsExposed: keyIsExposed)
    }

    private var keyIsExposed: Bool {
        let permissions = try? FilePath(keyPath).stat().permissions
        return permissions?.contains(.otherRead) ?? false
    }

    /// - Parameter problem: Follows the path.
    func problem(_ setting: Setting, _ problem: String, remedy: String? = nil) -> SettingProblem {
        let isKey = setting == keySetting
        let path = isKey ? keyPath : certificatePath
        let usual =
            isKey
            ? "name the private key of the certificate, in PEM and without a password"
            : "name a file in PEM: the certificate of this server first, then the intermediate ones"
        return SettingProblem(setting: setting.name, problem: "\(path) \(problem)", remedy: remedy ?? usual)
    }
}
