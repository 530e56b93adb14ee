internal import Domain
internal import NIOSSL
internal import PostgreSQL
internal import Synchronization

/// The certificate that one listener presents to new connections. Connections that are open keep theirs.
final class CertificateStore: Sendable {
    let files: CertificateFiles
    private let certificate: Mutex<ServerCertificate>
    private let isReading = Atomic(false)

    /// Reads and checks the files. Blocks, for ``CertificateFiles/timeLimit`` at most.
    ///
    /// - Throws: What is wrong with the files. A certificate that has ended is taken: a start that fails for it would
    ///   make an outage of what only some clients refuse.
    init(_ files: CertificateFiles) throws(ConfigurationFailure) {
        self.files = files
        let contents = try Self.read(files)
        certificate = Mutex(try ServerCertificate(contents, of: files))
    }

    /// The certificate in use.
    var current: ServerCertificate { certificate.withLock { $0 } }

    /// Presents this one from now on.
    func replace(with new: ServerCertificate) {
        certificate.withLock { $0 = new }
    }

    /// Reads both files. Blocks, for ``CertificateFiles/timeLimit`` at most.
    ///
    /// While a read hangs no other begins, so that a mount which stays away costs one thread.
    func read() throws(ConfigurationFailure) -> CertificateFiles.Contents {
        guard !isReading.exchange(true, ordering: .acquiringAndReleasing) else { throw Self.timedOut(files) }
        return try Self.read(files) { [self] in isReading.store(false, ordering: .releasing) }
    }

    /// - Parameter end: Called when the files are read, also where that takes longer than the limit.
    private static func read(
        _ files: CertificateFiles,
        end: @escaping @Sendable () -> Void = {}
    ) throws(ConfigurationFailure) -> CertificateFiles.Contents {
        let result: Result<CertificateFiles.Contents, ConfigurationFailure>?
        do {
            result = try onThreadOfItsOwn(named: "certificate", within: CertificateFiles.timeLimit) {
                defer { end() }
                return Result { () throws(ConfigurationFailure) in try files.read() }
            }
        } catch {
            end()
            throw ConfigurationFailure([files.problem(files.certificateSetting, "cannot be read: \(error.message)")])
        }
        guard let result else { throw timedOut(files) }
        return try result.get()
    }

    private static func timedOut(_ files: CertificateFiles) -> ConfigurationFailure {
        let limit = CertificateFiles.timeLimit.components.seconds
        return ConfigurationFailure([
            files.problem(files.certificateSetting, "or the key could not be read within \(limit) s")
        ])
    }

    /// Checks that a certificate may replace the current one: that its dates are right, besides all else.
    func checked(
        _ contents: CertificateFiles.Contents,
        now: Timestamp
    ) throws(ConfigurationFailure) -> ServerCertificate {
        let new = try ServerCertificate(contents, of: files)
        if let fault = fault(in: new, now: now) { throw ConfigurationFailure([fault]) }
        return new
    }

    /// Why a certificate may not replace the current one now; nil when it may.
    func fault(in new: ServerCertificate, now: Timestamp) -> SettingProblem? {
        new.dateFault(at: now).map {
            files.problem(files.certificateSetting, $0, remedy: "put a certificate there that is valid")
        }
    }
}
