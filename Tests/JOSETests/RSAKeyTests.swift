import JOSE
import Testing

@Suite struct RSAKeyTests {
    private let message = Array("header.payload".utf8)

    @Test func `a signature verifies only with its key and message`() throws {
        let key = try Keys.main.get()
        let signature = try key.sign(message)
        #expect(signature.count == 256)
        for _ in 0..<3 {
            #expect(key.publicKey.verify(signature: signature, message: message))
            #expect(!key.publicKey.verify(signature: signature, message: message + [0]), "and failing spoils nothing")
        }
        #expect(try !Keys.other.get().publicKey.verify(signature: signature, message: message))
        #expect(try !Keys.large.get().publicKey.verify(signature: signature, message: message))
    }

    @Test(arguments: [2048, 2056, 3072]) func `moduli of different lengths work`(bits: Int) throws {
        let key = try (bits == 2048 ? Keys.main : bits == 2056 ? Keys.odd : Keys.large).get()
        #expect(key.publicKey.modulus.count == bits / 8)
        #expect(key.publicKey.exponent == [1, 0, 1])
        #expect(key.publicKey.verify(signature: try key.sign(message), message: message))
    }

    @Test func `a signature with one changed bit does not verify`() throws {
        let key = try Keys.main.get()
        let signature = try key.sign(message)
        for bit in 0..<signature.count * 8 {
            var changed = signature
            changed[bit / 8] ^= 1 << UInt8(bit % 8)
            #expect(!key.publicKey.verify(signature: changed, message: message))
        }
    }

    @Test func `a signature of any other length is refused`() throws {
        let key = try Keys.main.get()
        let signature = try key.sign(message)
        let others: [[UInt8]] = [
            [], [0], signature.dropLast(), Array(signature.dropFirst()), [0] + signature, signature + [0],
            [0, 0] + signature.dropFirst(2) + [0], [UInt8](repeating: 0, count: 256),
            [UInt8](repeating: 0xFF, count: 256),
            key.publicKey.modulus, [UInt8](repeating: 0, count: 255) + [1], [UInt8](repeating: 0, count: 10_000),
        ]
        for other in others {
            #expect(!key.publicKey.verify(signature: other, message: message))
        }
        #expect(key.publicKey.verify(signature: signature, message: message))
    }

    @Test func `a signature plus the modulus is refused`() throws {
        // s + n is the same number modulo n; RFC 8017 §5.2.2 step 1 requires s < n.
        let key = try Keys.main.get()
        for attempt in UInt8.min ... .max {
            let message = message + [attempt]
            var sum = try key.sign(message)
            var carry = 0
            for index in sum.indices.reversed() {
                let digit = Int(sum[index]) + Int(key.publicKey.modulus[index]) + carry
                sum[index] = UInt8(truncatingIfNeeded: digit)
                carry = digit >> 8
            }
            guard carry == 0 else { continue }
            #expect(!key.publicKey.verify(signature: sum, message: message))
            return
        }
    }

    @Test func `numbers outside the limits are refused`() throws {
        let n = try Keys.main.get().publicKey.modulus
        let e: [UInt8] = [1, 0, 1]
        let half = [UInt8](n.prefix(127)) + [n[255]]
        #expect(throws: RSAKeyError.modulusTooShort) { try RSAPublicKey(modulus: half, exponent: e) }
        #expect(throws: RSAKeyError.modulusTooShort) { try RSAPublicKey(modulus: [0x7F] + n.dropFirst(), exponent: e) }
        #expect(throws: RSAKeyError.modulusTooShort) { try RSAPublicKey(modulus: [], exponent: e) }
        #expect(throws: RSAKeyError.modulusTooShort) { try RSAPublicKey(modulus: [0, 0], exponent: e) }
        #expect(throws: RSAKeyError.modulusTooLong) {
            try RSAPublicKey(modulus: [UInt8](repeating: 0xFF, count: 1025), exponent: e)
        }
        #expect(throws: RSAKeyError.modulusTooLong) {
            try RSAPublicKey(modulus: [1] + [UInt8](repeating: 0xFF, count: 1024), exponent: e)
        }
        #expect(throws: RSAKeyError.modulusEven) {
            try RSAPublicKey(modulus: n.dropLast() + [n[255] & 0xFE], exponent: e)
        }
        for exponent: [UInt8] in [[], [0], [1], [0, 1], [2], [1, 0, 0], [UInt8](repeating: 0xFF, count: 9)] {
            #expect(throws: RSAKeyError.badExponent) { try RSAPublicKey(modulus: n, exponent: exponent) }
        }
        _ = try RSAPublicKey(modulus: [UInt8](repeating: 0xFF, count: 1024), exponent: e)
        _ = try RSAPublicKey(modulus: n, exponent: [3])
        #expect(try RSAPublicKey(modulus: [0, 0] + n, exponent: [0] + e) == RSAPublicKey(modulus: n, exponent: e))
    }

    @Test func `a private key can be written to PEM and read back`() throws {
        let key = try Keys.main.get()
        let pem = try key.pem()
        #expect(pem.starts(with: "-----BEGIN PRIVATE KEY-----\n".utf8))
        let again = try RSAPrivateKey(pem: pem)
        #expect(again.publicKey == key.publicKey)
        #expect(try again.sign(message) == key.sign(message))
    }

    @Test func `a text that is not a private key is refused`() throws {
        let pem = String(decoding: try Keys.main.get().pem(), as: UTF8.self)
        for text in [
            "", "x", "-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----\n",
            pem.replacing("PRIVATE", with: "PUBLIC"), String(pem.prefix(500)), Self.encryptedPEM, Self.ecPEM,
        ] {
            #expect(throws: RSAKeyError.notAPrivateKey) { try RSAPrivateKey(pem: Array(text.utf8)) }
        }
        #expect(throws: RSAKeyError.modulusTooShort) { try RSAPrivateKey(pem: Array(Self.shortPEM.utf8)) }
        #expect(throws: RSAKeyError.modulusTooShort) { try RSAPrivateKey.generate(bits: 2047) }
        #expect(throws: RSAKeyError.modulusTooLong) { try RSAPrivateKey.generate(bits: 8193) }
    }

    @Test func `many tasks can use one key at once`() async throws {
        let key = try Keys.main.get()
        let message = message
        let signature = try key.sign(message)
        await withTaskGroup(of: Bool.self) { group in
            for task in 0..<64 {
                group.addTask {
                    (0..<50).allSatisfy { round in
                        let isGenuine = (task + round).isMultiple(of: 2)
                        return key.publicKey.verify(signature: signature, message: isGenuine ? message : [1])
                            == isGenuine
                    }
                }
            }
            for await isRight in group { #expect(isRight) }
        }
    }

    /// 1024 bits, made for this test only.
    private static let shortPEM = """
        -----BEGIN PRIVATE KEY-----
        MIICdgIBADANBgkqhkiG9w0BAQEFAASCAmAwggJcAgEAAoGBAKoMQ8Wwwr2elK8j
        d/FfeREJf5ir5LzYqIhLSCktdtMRDMucTYWPvSPdXFE9/bomcfEbA6ezLUOf26ZH
        MaLclzrRcchdoVnYAAy/Nyf0Op1Fc03Fkw3n3F4JHlIYEpBIwUderOx27O4zfrRT
        k2DSvBefKk7ZsDH1N8R75mLSmD9NAgMBAAECgYAH0q6ffqVG4e/HKuOOuCyyqvQy
        yt2oDnOaaZQ1SMEprqQfDd7HITi7WKixmB9/G9usEukVIvoXHViWirnu2yUd3Wgd
        yYd0SPftJsAyXe+qXpgNtYf3Cp0xas21zjIXFg4+/iXR+wmGp4YT3Y/yqwYAEvBA
        OxD4+P3jLy/5l0yVBQJBANJsJAYVw0a91sE1YB2Q+vJoCYv2ERxLBqfVghvCj7GH
        TgDxp/waZM1YM8/KjhB0AgMMSpPpjGdOVj4t2p8RXu8CQQDO4V6TuZ/fGh+wSS3N
        fV7igQJfADJ+R+R/q8Oui3/bS4vM5JtwQC4eK6X9eX+4ddeL9P3K5Uujk1FzXqHn
        xgWDAkAOgZICMWHi8Jdrfmh/4UzLhUyTL4WCc9GjpF5x13ncfT1tZztzb8ZfOaNo
        wcgFblntJ93EUKdzP71GUBbwPFxVAkBI8RdKmKEwpWJU4ohesnx4+ime20/yTGDZ
        TvNwoEjVRh6lgFj5y/c2tgcRhvwsSohUFW5CUnRH2VJXjh8hvCUHAkEAp1pHY7mZ
        CfzRDzXdMvRDgbalQfzqzpPDxaHBuoybVgPW8jE9Q5SJhn/trXL+quYdSD6Fge2x
        suC3bn5m5wL6uQ==
        -----END PRIVATE KEY-----

        """

    /// A P-256 key, made for this test only.
    private static let ecPEM = """
        -----BEGIN PRIVATE KEY-----
        MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgx1ugqeQoL8tmkRlE
        4YADYDpf0bDKGTaqRFTgZy5DmUOhRANCAARQ/yScI1iqDij8nuHwrwWjd4kSU1yX
        ZRH5EVPmBQOWA/gfgvGWNeAJA+qZzGU5jox32E53b8rfCKxvwIZ6tK5d
        -----END PRIVATE KEY-----

        """

    /// An RSA key that is encrypted with a password, made for this test only.
    private static let encryptedPEM = """
        -----BEGIN ENCRYPTED PRIVATE KEY-----
        MIIFLTBXBgkqhkiG9w0BBQ0wSjApBgkqhkiG9w0BBQwwHAQImlIR2mA8fVgCAggA
        MAwGCCqGSIb3DQIJBQAwHQYJYIZIAWUDBAEqBBDtMQFdN21WVn7Ix1jX9QQnBIIE
        0ILSLms3S04K9i/lSteVDLG9LfzWFCdWh4YGxJp7OhtbiNvDtIInhP1fzMNwPh1+
        D/i+3rGz3wk1YW2OgTd7xOFQmSnJbk3M2CjulCPdAsG301+CwlGZL3qVDnn4rzqr
        wWwJkE4MmlKjO4bi1OvvYSd+hQ1GwgFEE2kOGtEppOY5WOHLfYWOyFWTSB74Ok/b
        kEZ2BSkELxdPHPglZCQ2tzvDUqHHJO5XJc5ffk34z0xHhi6BajLlPB120M2XksAn
        gpd7lhS/D8uEcnw+9Y7RShBZXLw/89QzvoknbkLzT/1b9XHwr5vhGesipHKf/Efg
        dm8kDn0Z0Qo4wnZbanYkmggj3LiM1ZcPmmwSa42eZV2jnu+saDk7HdamakCCAKIN
        EEFB8E7H4+JoQyrwb8XeenoH5KcGcvE2I02ZZpSP4pEfcHDjziGU2b1aDK9vY7mD
        mLgkH/UwZojsncBxYdGANtUEJOw1F9RIsTLf5szxALkaQJUw1A+5CavyRMNGi4T7
        4J+krtO7/OKhtD/4CbElDYc0Y2NGH0Wp3ZwW/KFekuBEZhe7htihdiZGfiL8S+N9
        u0jAzoGm4w+wJOpsEtFlZdkADoeYZmbtU5EIs4SUkhpDb6rYJ+V8o+tKFKUocR7E
        EWLcsFzSOnzqoe9uBoQUPtES08rpF4RhyTVHJTvyGi+28wq98Y04oGYuDjNZ/mst
        qzBRSMne3bjgUbm7QTKa0w0j9zkNkrHsGXedIXai+dX7yZc14xWQML/4yeoW80Sz
        UuylTSPncldt/s2lXDx0dM+fYwX6FrQiMfwKAFJGIvXLFuhl7JsfBg8wWDb7meSu
        14wnvFyeswfiiUdtlD7LqroQxdKG7vK5EjPAcJCOQOdBCCkfOfIEDtZEKQSBcIJt
        FSxSpzrcgKp8CZtZAuQzvPn9fflrYj9HaqLvU/KU0kXIYAVPdQlEalbSDBh/0gwC
        IVOyGYqPCz4Z5U0DKHdjhFoxeuuDrRKiur1RkvlzR7M239d05jOIgTacZarDQVvn
        jlzT6xJ6bHYZ9VhisQ0eDGwfPQy++mL/JrwfPkyhgoWPXHR9oFm2V4uMCImxtvVO
        b7ayXP8ce+rJI31nEy2vnNxkOyQYs04uSnntDraNK8Fq2y+CiHqOtr/QSgiyiFKR
        kkhlsLSwXo0KoqYtGf7rc8h/ly9ScVNNvrXBuYdzk6LME7ySRrLExpiQCIo6it4G
        FrAuDFj3y9X6gHz386lB2yb9p5+h4apOU4mnu8XtDauuVUFH/40VA+6Wt4lEPYzF
        2l/fOsqGgpxbS8z1uK1FjF7b1TiGEP6RE2znJIuwLTklZwuWV3yTfWQso6witOvd
        9IHOaJTP31SONnjAL3Ra3wZx6azUcUsPWyMKLiAqNVbXp++7c7/CLTwvMe3NBhw2
        +xsZHsB+eMaFirEy15pgEAxe1GzBabifwKvSpn6KVRGBwkT8fX9UWqNk5uI8TgrO
        9yNOUKtcaEtH4Zgq7O4QoWElA3srjfwiS5h3dAwQr70Q+dbaPPH24R74NbdEYV4E
        /niUm4UNhtDJHzCVkUfcnipQkR8N7Y+cyINuCtPwWWiJ89An2kFuw3GsCZjtsZwQ
        nrg5Uex3IYSmF0RW4NjI2coarr/yYQvJmCs32mMK9cpB
        -----END ENCRYPTED PRIVATE KEY-----

        """
}
