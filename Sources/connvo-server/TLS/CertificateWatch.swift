internal import Domain
internal import ServiceLifecycle

/// Reads the files of certificates every few seconds, and takes up renewed ones.
///
/// Each listener is renewed by itself. Files count only when two reads in a row have found the same, so that a pair
/// which is just being written is not looked at.
final class CertificateWatch: Service, Sendable {
    private let stores: [CertificateStore]
    private let pause: Duration
    private let now: @Sendable () -> Timestamp
    private let observe: Observation.Sink

    /// - Parameter pause: Between two reads.
    init(
        _ stores: [CertificateStore],
        pause: Duration = .seconds(5),
        now: @escaping @Sendable () -> Timestamp,
        observe: @escaping Observation.Sink
    ) {
        self.stores = stores
        self.pause = pause
        self.now = now
        self.observe = observe
    }

    func run() async throws {
        await cancelWhenGracefulShutdown { [self] in
            var states = stores.map { CertificateFileState($0.files.listener) }
            while !Task.isCancelled {
                for (index, store) in stores.enumerated() {
                    let reading = await onThreadOfItsOwn(named: "certificates") {
                        CertificateFileState.Reading { () throws(ConfigurationFailure) in try store.read() }
                    }
                    for event in states[index].look(at: reading, of: store, now: now()) { observe(.tls(event)) }
                }
                try? await Task.sleep(for: pause)
            }
        }
    }
}

/// What is known of the files of one listener, and what operators were told of them.
struct CertificateFileState {
    typealias Reading = Result<CertificateFiles.Contents, ConfigurationFailure>
    private typealias Examination = Result<ServerCertificate, ConfigurationFailure>

    private let listener: String
    private var last: Reading?
    /// Files that differ from the certificate in use, and what came of them. They are examined once.
    private var candidate: (contents: CertificateFiles.Contents, result: Examination)?
    private var reported: [SettingProblem] = []
    private var warned: (warnings: [String], day: Int64) = ([], 0)

    init(_ listener: String) {
        self.listener = listener
    }

    /// Puts a renewed certificate in use.
    ///
    /// - Returns: What operators are to be told: of a problem once, of a warning every day.
    mutating func look(at reading: Reading, of store: CertificateStore, now: Timestamp) -> [TLSEvent] {
        defer { last = reading }
        var events: [TLSEvent] = []
        if Self.agree(reading, last) {
            switch reading {
            case .failure(let failure): events += refuse(failure.problems)
            case .success(store.current.contents): reported = []
            case .success(let contents): events += renew(contents, of: store, now: now)
            }
        }
        return events + warnings(of: store.current, now: now)
    }

    private static func agree(_ one: Reading, _ other: Reading?) -> Bool {
        switch (one, other) {
        case (.success(let one), .success(let other)): one == other
        case (.failure(let one), .failure(let other)): one.problems == other.problems
        default: false
        }
    }

    private mutating func renew(
        _ contents: CertificateFiles.Contents,
        of store: CertificateStore,
        now: Timestamp
    ) -> [TLSEvent] {
        let result: Examination
        if let candidate, candidate.contents == contents {
            result = candidate.result
        } else {
            result = Result { () throws(ConfigurationFailure) in try ServerCertificate(contents, of: store.files) }
            candidate = (contents, result)
        }
        switch result {
        case .failure(let failure):
            return refuse(failure.problems)
        case .success(let new):
            // One that is not valid yet is taken when it is.
            if let fault = store.fault(in: new, now: now) { return refuse([fault]) }
            store.replace(with: new)
            candidate = nil
            reported = []
            return [.certificateTaken(CertificateRenewal.Change(new, of: store))]
        }
    }

    private mutating func refuse(_ problems: [SettingProblem]) -> [TLSEvent] {
        guard problems != reported else { return [] }
        reported = problems
        return problems.map { .certificateRefused(listener: listener, $0) }
    }

    private mutating func warnings(of certificate: ServerCertificate, now: Timestamp) -> [TLSEvent] {
        let current = (warnings: certificate.warnings(at: now), day: now.secondsSinceEpoch / 86_400)
        guard current != warned else { return [] }
        warned = current
        return current.warnings.map { .certificateWarning(listener: listener, $0) }
    }
}
