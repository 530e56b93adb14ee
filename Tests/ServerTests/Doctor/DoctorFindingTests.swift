import Domain
import Foundation
import JOSE
import Persistence
import PostgreSQL
import TestSupport
import Testing

@testable import connvo_server

/// What each check makes of what it has seen.
@Suite struct DoctorFindingTests {
    private static func transport(
        _ place: ConnectionTransport.Place,
        _ mode: String,
        tls: String? = nil,
        gssapi: Bool = false
    ) -> Finding {
        DoctorCheck.finding(
            ConnectionTransport(
                place: place,
                host: "db.example.com",
                port: "5432",
                sslMode: mode,
                tlsVersion: tls,
                isEncryptedByGSSAPI: gssapi
            )
        )
    }

    @Test func `a database on the network needs TLS that is verified`() {
        #expect(Self.transport(.socket("/run"), "prefer").level == .ok)
        #expect(Self.transport(.loopback, "disable").level == .ok)
        #expect(Self.transport(.network, "verify-full", tls: "TLSv1.3").level == .ok)
        #expect(Self.transport(.network, "prefer", gssapi: true).level == .ok)
        for mode in ["disable", "allow", "prefer"] {
            let finding = Self.transport(.network, mode)
            #expect(finding.level == .warning)
            #expect(finding.text.contains("none"))
            #expect(finding.text.contains("sslmode=\(mode)"))
            #expect(finding.remedy?.contains("verify-full") == true)
        }
        for mode in ["prefer", "require", "verify-ca"] {
            let finding = Self.transport(.network, mode, tls: "TLSv1.2")
            #expect(finding.level == .warning)
            #expect(finding.text.contains(mode == "verify-ca" ? "name is not compared" : "not verified"))
        }
    }

    @Test(arguments: [(15, Finding.Level.ok), (16, .warning), (17, .ok), (18, .ok), (19, .warning)])
    func `a version that is not tested is a warning`(major: Int, level: Finding.Level) {
        #expect(DoctorCheck.finding(serverVersion: major, text: "\(major).1").level == level)
    }

    @Test func `a pooler is a warning unless statements are unnamed`() {
        #expect(DoctorCheck.finding(isPooled: false, preparesStatements: true).level == .ok)
        #expect(DoctorCheck.finding(isPooled: true, preparesStatements: false).level == .ok)
        #expect(DoctorCheck.finding(isPooled: true, preparesStatements: true).level == .warning)
    }

    private static func session(isStandby: Bool = false, isReadOnly: Bool = false) -> DatabaseDiagnosis.Session {
        DatabaseDiagnosis.Session(
            login: "l",
            database: "d",
            version: "15.18",
            isStandby: isStandby,
            isReadOnly: isReadOnly,
            isPooled: false
        )
    }

    @Test func `a standby and a read-only login are faults`() {
        #expect(DoctorCheck.finding(Self.session()).level == .ok)
        let standby = DoctorCheck.finding(Self.session(isStandby: true, isReadOnly: true))
        #expect(standby.level == .fault)
        #expect(standby.text.contains("standby"))
        #expect(DoctorCheck.finding(Self.session(isReadOnly: true)).level == .fault)
    }

    @Test func `the exit code of a schema says whether the database or the program is older`() {
        #expect(DoctorCheck.finding(SchemaCompatibility.ready).level == .ok)
        #expect(DoctorCheck.finding(SchemaCompatibility.newer(["0099_x"])).level == .ok)
        for older in [SchemaCompatibility.unmigrated, .unrecorded, .missing(["0002_x"])] {
            let finding = DoctorCheck.finding(older)
            #expect(finding.level == .fault)
            #expect(finding.status == .failed)
            #expect(finding.remedy?.contains("connvo-server migrate") == true)
            // The remedy is said once.
            #expect(!finding.text.contains("run connvo-server"))
        }
        let newer = DoctorCheck.finding(.incompatible(migration: "0099_x", oldestBinary: 99, latestKnown: 19))
        #expect(newer.level == .fault)
        #expect(newer.status == .databaseNewer)
    }

    @Test(arguments: [
        (DatabaseDiagnosis.ExtensionState.installed, Finding.Level.ok), (.available, .warning), (.absent, .fault),
    ])
    func `an extension`(state: DatabaseDiagnosis.ExtensionState, level: Finding.Level) {
        #expect(DoctorCheck.finding("btree_gist", state).level == level)
    }

    private static func durability(
        _ synchronousCommit: String,
        fsync: Bool = true,
        fullPageWrites: Bool = true,
        standbys: Bool = false
    ) -> [Finding.Level] {
        DoctorCheck.finding(
            DatabaseDiagnosis.Durability(
                synchronousCommit: synchronousCommit,
                fsync: fsync,
                fullPageWrites: fullPageWrites,
                namesStandbys: standbys
            )
        ).map(\.level)
    }

    @Test func `what a COMMIT is worth`() {
        for mode in ["on", "local", "remote_write", "remote_apply"] { #expect(Self.durability(mode) == [.ok]) }
        #expect(Self.durability("on", standbys: true) == [.ok])
        #expect(Self.durability("off") == [.warning])
        #expect(Self.durability("local", standbys: true) == [.warning])
        #expect(Self.durability("on", fullPageWrites: false) == [.warning])
        #expect(Self.durability("on", fsync: false) == [.fault])
        #expect(Self.durability("off", fsync: false, fullPageWrites: false) == [.fault, .warning, .warning])
    }

    @Test func `connections are counted for the pool and the monitor`() {
        func finding(used: Int, pool: Int) -> Finding.Level {
            DoctorCheck.finding(DatabaseDiagnosis.ConnectionRoom(limit: 10, used: used), poolSize: pool).level
        }
        // This command has one of those that are used.
        #expect(finding(used: 6, pool: 4) == .ok)
        #expect(finding(used: 7, pool: 4) == .warning)
        #expect(finding(used: 12, pool: 1) == .warning)
    }

    @Test(
        arguments: [
            (0, .ok), (4_999, .ok), (5_001, .warning), (-59_999, .warning), (60_001, .fault), (-61_000, .fault),
        ] as [(Int64, Finding.Level)]
    )
    func `clocks that differ`(milliseconds: Int64, level: Finding.Level) {
        let database = Timestamp(secondsSinceEpoch: 1_800_000_000)
        let here = database + .milliseconds(milliseconds)
        let finding = DoctorCheck.finding(ClockDifference(asked: here, database: database, answered: here))
        #expect(finding.level == level)
        #expect(finding.text.contains("\(abs(milliseconds)) ms"))
    }

    @Test func `a clock that cannot be right`() {
        let now = Timestamp(secondsSinceEpoch: 1_800_000_000)
        #expect(DoctorCheck.finding(now: now, synchronization: 1).level == .ok)
        #expect(DoctorCheck.finding(now: now, synchronization: 0).level == .warning)
        #expect(DoctorCheck.finding(now: now, synchronization: -1).level == .ok)
        for wrong in [0, 1_700_000_000, 4_200_000_000] as [Int64] {
            #expect(DoctorCheck.finding(now: Timestamp(secondsSinceEpoch: wrong), synchronization: 1).level == .fault)
        }
    }

    private static func descriptors(_ limit: Int) -> Finding {
        DoctorCheck.finding(
            descriptorLimit: limit,
            DescriptorBudget(limit: limit, poolSize: 4, speaksTLS: false)
        )
    }

    @Test func `a low limit of descriptors`() {
        #expect(Self.descriptors(32_768).level == .ok)
        let low = Self.descriptors(256)
        #expect(low.level == .warning)
        #expect(low.remedy?.contains("LimitNOFILE") == true)
    }

    @Test func `a secret that Stream has not made`() {
        func doubt(_ secret: String) -> String? { StreamSecretShape(secret).doubt }
        #expect(doubt("k7vq2m9xw4tz8rnb3hpc6sfd5gjl1yae") == nil)
        #expect(doubt("7j7exnksc4nxy399fdxvjqyqsqdahax3nfgtp27pumpc7sfm9um688pzpxjpjbf2") == nil)
        #expect(doubt(String(repeating: "ab", count: 20)) != nil)
        #expect(doubt("0123456789-CHANGE-ME-0123456789abc") != nil)
        #expect(doubt("eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.x.y") != nil)
        #expect(StreamSecretShape("short").keyID == nil)
    }

    @Test func `random secrets are not doubted`() {
        var generator = SystemRandomNumberGenerator()
        let digits = Array("0123456789abcdef")
        for _ in 0..<10_000 {
            let secret = String((0..<32).map { _ in digits.randomElement(using: &generator) ?? "0" })
            #expect(StreamSecretShape(secret).doubt == nil)
        }
    }

    @Test func `a certificate that has ended is a fault, one that ends soon a warning`() async throws {
        let made = try await TestCertificate()
        let files = CertificateFiles(
            listener: "public",
            certificateSetting: .httpTLSCertificateFile,
            keySetting: .httpTLSKeyFile,
            certificatePath: made.path,
            keyPath: made.keyPath
        )
        let certificate = try ServerCertificate(files.read(), of: files)
        func levels(_ now: Timestamp) -> [Finding.Level] {
            DoctorCheck.finding(certificate, of: "public", at: now).map(\.level)
        }
        #expect(levels(certificate.end) == [.fault])
        // It is made for two days.
        #expect(levels(certificate.end - .hours(1)).contains(.warning))
        #expect(levels(certificate.start - .hours(1)) == [.fault])
    }

    /// A source that has an answer.
    private struct Source: KeySetSource {
        let answer: Result<[UInt8], KeySetFailure>
        var name: String { "https://keys.example.com" }
        var rules: KeySetSchedule.Rules { .download }
        func read() async throws(KeySetFailure) -> [UInt8] { try answer.get() }
    }

    @Test func `a key set`() async throws {
        func finding(_ answer: Result<[UInt8], KeySetFailure>) async -> Finding {
            await DoctorCheck.finding(keySetFrom: Source(answer: answer))[0]
        }
        let key = try RSAPrivateKey.generate().publicKey
        let good = try await finding(.success(JWKSet.encode([(kid: "a", key: key)])))
        #expect(good.level == .ok)
        #expect(good.text.hasPrefix("1 key for RS256 from https://keys.example.com"))
        let away = await finding(.failure(.timedOut))
        #expect(away.level == .fault)
        #expect(away.status == .unavailable)
        for text in [#"{"keys": []}"#, "<html>", #"{"keys": [{"kty": "EC"}]}"#] {
            let bad = await finding(.success(Array(text.utf8)))
            #expect(bad.level == .fault)
            #expect(bad.status == .failed)
        }
    }

    @Test func `what an error of a check says`() {
        func finding(_ state: SQLState?, _ kind: DatabaseError.Kind = .server) -> Finding {
            DoctorExamination.finding(DatabaseError(kind, "a message\u{1B}", sqlState: state))
        }
        #expect(finding(.insufficientPrivilege).level == .notChecked)
        #expect(finding(.undefinedTable).level == .notChecked)
        #expect(finding(.internalError).level == .fault)
        #expect(finding(.internalError).status == .failed)
        #expect(finding(nil, .timedOut).status == .unavailable)
        #expect(finding(nil, .connectionLost).status == .unavailable)
        #expect(!finding(.internalError).text.contains("\u{1B}"))
    }
}
