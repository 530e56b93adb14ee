internal import Domain

/// Certificates that were read and checked, and may replace those in use: of all listeners, or of none.
///
/// ```swift
/// let renewal = try CertificateRenewal(stores, now: SystemClock.now())  // Changes nothing.
/// let taken = renewal.apply()                                           // Cannot fail.
/// ```
struct CertificateRenewal: Sendable {
    /// A listener that presents another certificate from now on.
    struct Change: Hashable, Sendable {
        let listener: String
        /// The SHA-256 of the new certificate, in hexadecimal.
        let fingerprint: String
        /// When it ends.
        let end: Timestamp

        init(_ certificate: ServerCertificate, of store: CertificateStore) {
            listener = store.files.listener
            fingerprint = certificate.fingerprint
            end = certificate.end
        }
    }

    private let replacements: [(store: CertificateStore, certificate: ServerCertificate)]

    /// Reads the files of all listeners. Blocks, for ``CertificateFiles/timeLimit`` each at most.
    ///
    /// Files that have not changed are no fault, whatever their dates.
    ///
    /// - Throws: Every problem of every listener. Then nothing may be replaced.
    init(_ stores: [CertificateStore], now: Timestamp) throws(ConfigurationFailure) {
        var replacements: [(CertificateStore, ServerCertificate)] = []
        var problems: [SettingProblem] = []
        for store in stores {
            do {
                let contents = try store.read()
                guard contents != store.current.contents else { continue }
                replacements.append((store, try store.checked(contents, now: now)))
            } catch {
                problems += error.problems
            }
        }
        guard problems.isEmpty else { throw ConfigurationFailure(problems) }
        self.replacements = replacements
    }

    /// The same with what other stores have just read: those of settings that were read again, whose files are the same.
    /// A listener whose settings name other files now keeps its certificate.
    init(_ stores: [CertificateStore], from new: [CertificateStore], now: Timestamp) throws(ConfigurationFailure) {
        var replacements: [(CertificateStore, ServerCertificate)] = []
        var problems: [SettingProblem] = []
        for store in stores {
            guard let contents = new.first(where: { $0.files == store.files })?.current.contents,
                contents != store.current.contents
            else { continue }
            do {
                replacements.append((store, try store.checked(contents, now: now)))
            } catch {
                problems += error.problems
            }
        }
        guard problems.isEmpty else { throw ConfigurationFailure(problems) }
        self.replacements = replacements
    }

    /// Presents the new certificates to new connections. Those that are open keep theirs.
    func apply() -> [Change] {
        replacements.map { store, certificate in
            store.replace(with: certificate)
            return Change(certificate, of: store)
        }
    }
}
