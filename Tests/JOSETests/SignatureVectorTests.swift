import HostileTokens
import JOSE
import Testing

/// The vectors from Tests/Vectors/generate.py: each signature has one fault, at the layer of JWS.
@Suite struct SignatureVectorTests {
    /// Checks structure, header, key and signature, but no claims.
    private static func isValid(_ token: String, _ keys: JWKSet?) -> Bool {
        guard let keys, let jws = try? CompactJWS(parsing: Array(token.utf8)), let key = keys[jws.keyID] else {
            return false
        }
        return key.verify(signature: jws.signature, message: jws.signingInput)
    }

    @Test func `every vector is valid or invalid as its file says`() throws {
        var count = 0
        for group in try SignatureVectors.groups.get() {
            let keys = try? JWKSet(parsing: Array(group.keys.utf8))
            for vector in group.cases {
                #expect(
                    Self.isValid(vector.jws, keys) == (vector.result == .valid),
                    "\(group.name): \(vector.comment)"
                )
                count += 1
            }
        }
        #expect(count >= 1000)
    }

    @Test func `every file has valid and invalid vectors`() throws {
        let cases = try SignatureVectors.groups.get().flatMap(\.cases)
        #expect(cases.filter { $0.result == .valid }.count >= 25)
        #expect(cases.filter { $0.result == .invalid }.count >= 900)
    }
}
