internal import JOSE

extension DoctorCheck {
    /// The self-test that `serve` begins with: whether OpenSSL computes what it should.
    static let cryptography = DoctorCheck(
        "cryptography",
        .machine { _ in
            do {
                try CryptographySelfTest.run()
                return [.ok("OpenSSL passes the self-test")]
            } catch {
                let remedy = "install an OpenSSL 3 that is intact (libssl3)"
                return [.fault("\(error)", remedy: remedy, status: .badConfiguration)]
            }
        }
    )
}
