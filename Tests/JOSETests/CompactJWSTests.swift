import JOSE
import Testing

@Suite struct CompactJWSTests {
    private let header = segment(#"{"alg":"RS256","kid":"k"}"#)
    private let payload = segment("{}")

    private func fault(_ token: String) -> CompactJWSError? {
        do {
            _ = try CompactJWS(parsing: Array(token.utf8))
            return nil
        } catch {
            return error
        }
    }

    static let acceptedHeaders = [
        #"{"alg":"RS256","kid":"k"}"#,
        #"{"kid":"k","alg":"RS256","typ":"JWT"}"#,
        #"{"alg":"RS256","kid":"k","typ":"jwt"}"#,
        #"{"alg":"RS256","kid":"k","typ":"at+jwt"}"#,
        #"{"alg":"RS256","kid":"k","typ":"AT+JWT"}"#,
        #"{"alg":"RS256","kid":"k","typ":"application/at+jwt"}"#,
        #"{"alg":"RS256","kid":"k","typ":"Application/JWT"}"#,
        #"{"alg":"RS\u0032\u00356","kid":"k"}"#,
        #"{"alg":"RS256","kid":"../../etc/passwd"}"#,
        #"{"alg":"RS256","kid":"' OR 1=1"}"#,
        #"{"alg":"RS256","kid":"a\r\nb"}"#,
        #"{"alg":"RS256","kid":"k","jwk":{"kty":"RSA"},"jku":"https://evil.invalid","x5u":"u","x5c":["c"],"x5t":1}"#,
        #"{"alg":"RS256","kid":"k","constructor":1,"__proto__":{},"cty":"JWT","":null}"#,
        " { \"alg\" : \"RS256\" , \"kid\" : \"k\" } \n",
        #"{"alg":"RS256","kid":""# + String(repeating: "k", count: 256) + #""}"#,
    ]

    @Test(arguments: acceptedHeaders) func `a header that keeps the rules is accepted`(header: String) {
        #expect(fault("\(segment(header)).\(payload).AA") == nil)
    }

    static let refusedHeaders: [(String, CompactJWSError)] = [
        (#"{"alg":"none","kid":"k"}"#, .algorithmNotAllowed), (#"{"alg":"None","kid":"k"}"#, .algorithmNotAllowed),
        (#"{"alg":"nOnE","kid":"k"}"#, .algorithmNotAllowed), (#"{"alg":"NONE","kid":"k"}"#, .algorithmNotAllowed),
        (#"{"alg":"","kid":"k"}"#, .algorithmNotAllowed), (#"{"alg":null,"kid":"k"}"#, .algorithmNotAllowed),
        (#"{"alg":256,"kid":"k"}"#, .algorithmNotAllowed), (#"{"alg":["RS256"],"kid":"k"}"#, .algorithmNotAllowed),
        (#"{"alg":{"RS256":1},"kid":"k"}"#, .algorithmNotAllowed), (#"{"alg":true,"kid":"k"}"#, .algorithmNotAllowed),
        (#"{"alg":"rs256","kid":"k"}"#, .algorithmNotAllowed), (#"{"alg":"RS256 ","kid":"k"}"#, .algorithmNotAllowed),
        (#"{"alg":" RS256","kid":"k"}"#, .algorithmNotAllowed),
        (#"{"alg":"RS256\u0000","kid":"k"}"#, .algorithmNotAllowed),
        (#"{"alg":"RS384","kid":"k"}"#, .algorithmNotAllowed), (#"{"alg":"RS512","kid":"k"}"#, .algorithmNotAllowed),
        (#"{"alg":"PS256","kid":"k"}"#, .algorithmNotAllowed), (#"{"alg":"ES256","kid":"k"}"#, .algorithmNotAllowed),
        (#"{"alg":"HS256","kid":"k"}"#, .algorithmNotAllowed), (#"{"alg":"EdDSA","kid":"k"}"#, .algorithmNotAllowed),
        (#"{"alg":"RSA-OAEP","enc":"A256GCM","kid":"k"}"#, .algorithmNotAllowed),
        (#"{"alg":"dir","kid":"k"}"#, .algorithmNotAllowed),
        (#"{"kid":"k"}"#, .algorithmMissing), (#"{"Alg":"RS256","kid":"k"}"#, .algorithmMissing),
        ("{}", .algorithmMissing),
        (#"{"alg":"RS256"}"#, .keyIDMissing), (#"{"alg":"RS256","KID":"k"}"#, .keyIDMissing),
        (#"{"alg":"RS256","kid":""}"#, .keyIDInvalid), (#"{"alg":"RS256","kid":1}"#, .keyIDInvalid),
        (#"{"alg":"RS256","kid":null}"#, .keyIDInvalid), (#"{"alg":"RS256","kid":["k"]}"#, .keyIDInvalid),
        (#"{"alg":"RS256","kid":""# + String(repeating: "k", count: 257) + #""}"#, .keyIDInvalid),
        (#"{"alg":"RS256","kid":""# + String(repeating: "é", count: 129) + #""}"#, .keyIDInvalid),
        (#"{"alg":"RS256","kid":"k","typ":"JOSE"}"#, .typeNotAllowed),
        (#"{"alg":"RS256","kid":"k","typ":"secevent+jwt"}"#, .typeNotAllowed),
        (#"{"alg":"RS256","kid":"k","typ":""}"#, .typeNotAllowed),
        (#"{"alg":"RS256","kid":"k","typ":null}"#, .typeNotAllowed),
        (#"{"alg":"RS256","kid":"k","typ":["JWT"]}"#, .typeNotAllowed),
        (#"{"alg":"RS256","kid":"k","typ":"JWT "}"#, .typeNotAllowed),
        (#"{"alg":"RS256","kid":"k","typ":"text/jwt"}"#, .typeNotAllowed),
        (#"{"alg":"RS256","kid":"k","typ":"dpop+jwt"}"#, .typeNotAllowed),
        (#"{"alg":"RS256","kid":"k","crit":["exp"]}"#, .criticalPresent),
        (#"{"alg":"RS256","kid":"k","crit":[]}"#, .criticalPresent),
        (#"{"alg":"RS256","kid":"k","crit":null}"#, .criticalPresent),
        (#"{"alg":"RS256","kid":"k","crit":"b64"}"#, .criticalPresent),
        (#"{"alg":"RS256","kid":"k","crit":["constructor"]}"#, .criticalPresent),
        (#"{"alg":"RS256","kid":"k","b64":false,"crit":["b64"]}"#, .criticalPresent),
        (#"{"alg":"RS256","kid":"k","b64":false}"#, .unencodedPayloadPresent),
        (#"{"alg":"RS256","kid":"k","b64":true}"#, .unencodedPayloadPresent),
        (#"{"alg":"RS256","kid":"k","zip":"DEF"}"#, .compressionPresent),
        (#"{"alg":"RS256","kid":"k","zip":null}"#, .compressionPresent),
        (#"{"alg":"RS256","kid":"k","enc":"A256GCM"}"#, .encryptionPresent),
        (#"{"alg":"RS256","alg":"RS256","kid":"k"}"#, .headerNotJSON),
        (#"{"alg":"none","\u0061lg":"RS256","kid":"k"}"#, .headerNotJSON),
        (#"{"alg":"RS256","kid":"k","kid":"l"}"#, .headerNotJSON), (#"{"alg":"RS256","kid":"k",}"#, .headerNotJSON),
        (#"{"alg":"RS256","kid":"k"}x"#, .headerNotJSON), (#"{"alg":"RS256","kid":"k"}{}"#, .headerNotJSON),
        ("\u{FEFF}{\"alg\":\"RS256\",\"kid\":\"k\"}", .headerNotJSON),
        (#"{"alg":"RS256","kid":"\ud800"}"#, .headerNotJSON),
        (#"{'alg':'RS256'}"#, .headerNotJSON), ("x", .headerNotJSON),
        (#"["RS256"]"#, .headerNotObject), (#""RS256""#, .headerNotObject), ("null", .headerNotObject),
        ("1", .headerNotObject),
    ]

    @Test(arguments: refusedHeaders) func `a header that breaks a rule is refused`(
        header: String,
        cause: CompactJWSError
    ) {
        #expect(fault("\(segment(header)).\(payload).AA") == cause)
    }

    @Test func `a header in UTF-16 or with bad UTF-8 is refused`() {
        let utf16 = Base64URL.encode(Array(#"{"alg":"RS256","kid":"k"}"#.utf8).flatMap { [$0, 0] })
        #expect(fault(String(decoding: utf16, as: UTF8.self) + ".e30.AA") == .headerNotJSON)
        let bad = Base64URL.encode(Array(#"{"alg":"RS256","kid":""#.utf8) + [0xFF] + Array(#""}"#.utf8))
        #expect(fault(String(decoding: bad, as: UTF8.self) + ".e30.AA") == .headerNotJSON)
    }

    @Test func `a token has exactly three segments, none of them empty`() {
        #expect(fault("") == .empty)
        for text in [
            "a", header, ".", "\(header).\(payload)", "\(header).\(payload).AA.", "\(header).\(payload).AA.AA",
            "\(header).\(payload).AA.AA.AA", "...", "....", "{\"payload\":\"\"}",
        ] {
            #expect(fault(text) == .notThreeSegments, "\(text)")
        }
        for text in [
            "..", "\(header)..", ".\(payload).", "..AA", "\(header)..AA", "\(header).\(payload).", ".\(payload).AA",
        ] {
            #expect(fault(text) == .emptySegment, "\(text)")
        }
    }

    @Test(arguments: [" ", "\n", "\r\n", "\0", "\t", "=", "==", "+", "/", "é", ",", "?"])
    func `a character outside the alphabet is refused in every segment`(character: String) {
        let token = "\(header).\(payload).AA"
        #expect(fault(token) == nil)
        #expect(fault(character + token) == .headerNotBase64URL)
        #expect(fault("\(header)\(character).\(payload).AA") == .headerNotBase64URL)
        #expect(fault("\(header).\(character)\(payload).AA") == .payloadNotBase64URL)
        #expect(fault("\(header).\(payload)\(character).AA") == .payloadNotBase64URL)
        #expect(fault("\(header).\(payload).\(character)AA") == .signatureNotBase64URL)
        #expect(fault(token + character) == .signatureNotBase64URL)
    }

    @Test func `unused bits that are not zero are refused in every segment`() {
        #expect(fault("\(header).\(payload).AB") == .signatureNotBase64URL)
        #expect(fault("\(header).e31.AA") == .payloadNotBase64URL)
        #expect(fault("e31.\(payload).AA") == .headerNotBase64URL)
    }

    @Test func `8 KiB are parsed, one byte more is refused`() {
        let payload = segment("x")
        let rest = 8192 - header.count - payload.count - 2
        #expect(rest % 4 != 1)
        #expect(fault("\(header).\(payload).\(String(repeating: "A", count: rest))") == nil)
        #expect(fault("\(header).\(payload).\(String(repeating: "A", count: rest + 1))") == .tooLong)
    }

    @Test func `the parts are returned as they were sent`() throws {
        let token = Array("xx\(header).\(segment("any bytes")).AAEC".utf8)
        let jws = try CompactJWS(parsing: token.dropFirst(2))
        #expect(jws.keyID == "k")
        #expect(jws.payload == Array("any bytes".utf8))
        #expect(jws.signature == [0, 1, 2])
        #expect(Array(jws.signingInput) == Array("\(header).\(segment("any bytes"))".utf8))
    }
}
