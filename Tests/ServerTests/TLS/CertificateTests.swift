import Domain
import TestSupport
import Testing

@testable import connvo_server

/// What of a certificate and its key is taken, and when.
@Suite struct CertificateTests {
    private static func files(_ folder: Folder) -> CertificateFiles {
        CertificateFiles(
            listener: "public",
            certificateSetting: .httpTLSCertificateFile,
            keySetting: .httpTLSKeyFile,
            certificatePath: folder.file("certificate.pem"),
            keyPath: folder.file("key.pem")
        )
    }

    /// A store, and the texts of a certificate and a key that could replace those in it.
    private static func store() async throws -> (CertificateStore, TestCertificate, new: TestCertificate) {
        let old = try await TestCertificate()
        return (try CertificateStore(files(old.folder)), old, try await TestCertificate())
    }

    private static func put(_ new: TestCertificate, into old: TestCertificate) throws {
        try old.folder.write(Array(new.folder.text("certificate.pem").utf8), to: "certificate.pem")
        try old.folder.write(Array(new.folder.text("key.pem").utf8), to: "key.pem")
    }

    private static func reading(_ store: CertificateStore) -> CertificateFileState.Reading {
        CertificateFileState.Reading { () throws(ConfigurationFailure) in try store.read() }
    }

    private static func isTaken(_ events: [TLSEvent]) -> Bool {
        events.contains { if case .certificateTaken = $0 { true } else { false } }
    }

    private static func refusals(_ events: [TLSEvent]) -> [String] {
        events.compactMap { if case .certificateRefused(_, let problem) = $0 { problem.description } else { nil } }
    }

    struct Fault: Sendable, CustomTestStringConvertible {
        let testDescription: String
        var certificate: @Sendable (String) -> String = { $0 }
        var key: @Sendable (String) -> String = { $0 }
        let said: String
    }

    static let faults: [Fault] = [
        Fault(testDescription: "an empty certificate", certificate: { _ in "" }, said: "is empty"),
        Fault(testDescription: "an empty key", key: { _ in "" }, said: "is empty"),
        Fault(testDescription: "no certificate", certificate: { _ in "text" }, said: "holds no certificate"),
        Fault(testDescription: "no key", key: { _ in "text" }, said: "holds no private key"),
        Fault(
            testDescription: "a certificate that is cut off",
            certificate: { String($0.dropLast(60)) },
            said: "holds no certificate, or one that is damaged"
        ),
        Fault(
            testDescription: "a second certificate whose beginning is cut off",
            certificate: { $0 + "-----BEGIN CERTIFIC" },
            said: "is not complete"
        ),
        Fault(
            testDescription: "a key with a password",
            key: { _ in "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n" },
            said: "is protected by a password"
        ),
        Fault(
            testDescription: "more than a chain",
            certificate: { String(repeating: $0, count: 200) },
            said: "has more than 65536 bytes"
        ),
    ]

    @Test(arguments: faults) func `files that cannot be used are refused, and the certificate stays`(
        fault: Fault
    ) async throws {
        let (store, old, new) = try await Self.store()
        let before = store.current.fingerprint
        let certificate = fault.certificate(new.folder.text("certificate.pem"))
        let key = fault.key(new.folder.text("key.pem"))
        try old.folder.write(Array(certificate.utf8), to: "certificate.pem")
        try old.folder.write(Array(key.utf8), to: "key.pem")
        #expect {
            _ = try CertificateRenewal([store], now: SystemClock.now())
        } throws: { error in
            "\(error)".contains(fault.said) && "\(error)".contains("HTTP_TLS_")
        }
        #expect(store.current.fingerprint == before)
    }

    @Test func `a key that does not fit is refused`() async throws {
        let (store, old, new) = try await Self.store()
        try old.folder.write(Array(new.folder.text("key.pem").utf8), to: "key.pem")
        #expect {
            _ = try CertificateRenewal([store], now: SystemClock.now())
        } throws: { "\($0)".contains("does not fit the first certificate") }
    }

    @Test func `all listeners are renewed, or none`() async throws {
        let (one, oneFiles, new) = try await Self.store()
        let (other, otherFiles, _) = try await Self.store()
        let before = [one.current.fingerprint, other.current.fingerprint]
        try Self.put(new, into: oneFiles)
        try otherFiles.folder.write([], to: "key.pem")
        #expect(throws: ConfigurationFailure.self) { try CertificateRenewal([one, other], now: SystemClock.now()) }
        #expect([one.current.fingerprint, other.current.fingerprint] == before)
        try Self.put(new, into: otherFiles)
        let renewal = try CertificateRenewal([one, other], now: SystemClock.now())
        #expect([one.current.fingerprint, other.current.fingerprint] == before)
        #expect(renewal.apply().count == 2)
        #expect(one.current.fingerprint == other.current.fingerprint)
        #expect(try CertificateRenewal([one, other], now: SystemClock.now()).apply().isEmpty)
    }

    @Test func `files that have not changed are no fault after the certificate has ended`() async throws {
        let (store, old, _) = try await Self.store()
        let later = store.current.end + .days(1)
        let renewal = try withExtendedLifetime(old) { try CertificateRenewal([store], now: later) }
        #expect(renewal.apply().isEmpty)
        #expect(store.current.warnings(at: later).contains { $0.contains("ended at") })
    }

    // MARK: The watch

    @Test func `a renewed pair is taken when it is found twice`() async throws {
        let (store, old, new) = try await Self.store()
        var state = CertificateFileState("public")
        let now = SystemClock.now()
        #expect(!Self.isTaken(state.look(at: Self.reading(store), of: store, now: now)))
        try Self.put(new, into: old)
        #expect(!Self.isTaken(state.look(at: Self.reading(store), of: store, now: now)))
        #expect(Self.isTaken(state.look(at: Self.reading(store), of: store, now: now)))
        #expect(store.current.contents == (try Self.reading(store).get()))
        #expect(!Self.isTaken(state.look(at: Self.reading(store), of: store, now: now)))
    }

    @Test func `a pair that stays half replaced is told of once`() async throws {
        let (store, old, new) = try await Self.store()
        let before = store.current.fingerprint
        let certificate = Array(new.folder.text("certificate.pem").utf8)
        var state = CertificateFileState("public")
        var told: [String] = []
        let now = SystemClock.now()
        _ = state.look(at: Self.reading(store), of: store, now: now)
        try old.folder.write(certificate, to: "certificate.pem")
        for _ in 0..<5 { told += Self.refusals(state.look(at: Self.reading(store), of: store, now: now)) }
        #expect(told.count == 1 && told[0].contains("does not fit"))
        #expect(store.current.fingerprint == before)
        try Self.put(new, into: old)
        #expect(Self.refusals(state.look(at: Self.reading(store), of: store, now: now)).isEmpty)
        #expect(Self.isTaken(state.look(at: Self.reading(store), of: store, now: now)))
    }

    @Test func `one that is not valid yet is taken when it is, and one that has ended never`() async throws {
        let (store, old, new) = try await Self.store()
        try Self.put(new, into: old)
        let reading = Self.reading(store)
        let certificate = try ServerCertificate(reading.get(), of: store.files)
        var state = CertificateFileState("public")
        _ = state.look(at: reading, of: store, now: certificate.start - .seconds(60))
        let early = state.look(at: reading, of: store, now: certificate.start - .seconds(50))
        #expect(Self.refusals(early).contains { $0.contains("is valid only from") })
        var late = CertificateFileState("public")
        _ = late.look(at: reading, of: store, now: certificate.end)
        let refusals = Self.refusals(late.look(at: reading, of: store, now: certificate.end))
        #expect(refusals.contains { $0.contains("ended at") })
        #expect(Self.isTaken(state.look(at: reading, of: store, now: certificate.start)))
    }

    @Test func `a file that is missing for a moment is not told of`() async throws {
        let (store, old, _) = try await Self.store()
        var state = CertificateFileState("public")
        let now = SystemClock.now()
        let there = withExtendedLifetime(old) { Self.reading(store) }
        let gone = CertificateFileState.Reading.failure(
            ConfigurationFailure([store.files.problem(.httpTLSKeyFile, "cannot be read: No such file or directory")])
        )
        for reading in [there, gone, there] {
            #expect(Self.refusals(state.look(at: reading, of: store, now: now)).isEmpty)
        }
        _ = state.look(at: gone, of: store, now: now)
        #expect(Self.refusals(state.look(at: gone, of: store, now: now)).count == 1)
    }

    @Test func `a certificate near its end is told of every day`() async throws {
        let certificate = try await TestCertificate(days: 60)
        let store = try CertificateStore(Self.files(certificate.folder))
        var state = CertificateFileState("public")
        let reading = withExtendedLifetime(certificate) { Self.reading(store) }
        let start = store.current.end - .days(13)
        func warnings(_ now: Timestamp) -> Int {
            state.look(at: reading, of: store, now: now).count {
                if case .certificateWarning = $0 { true } else { false }
            }
        }
        #expect(warnings(store.current.end - .days(15)) == 0)
        let counts = [start, start, start + .days(1), start + .days(1)].map(warnings)
        #expect(counts == [1, 0, 1, 0])
    }
}
