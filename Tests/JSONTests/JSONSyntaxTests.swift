import Foundation
import JSON
import Testing
import Text

/// Valid and invalid JSON, from the cases of JSONTestSuite and known faults of token parsers.
@Suite struct JSONSyntaxTests {
    static let accepted: [String] = [
        "null", "true", "false", "0", "-0", "1", "-1", "123", "0.5", "-0.5", "1e5", "1E5", "1e+5", "1e-5", "1.5e10",
        "0e0", "0E+1", "0.0", "1e-400", "1.7976931348623157e308", "-1.7976931348623157e308", "9007199254740993",
        "18446744073709551616", "123456789012345678901234567890", "100000000000000000000e-400",
        #""""#, #""a""#, #""\"""#, #""\\""#, #""\/""#, #""\b\f\n\r\t""#, #""\u0000""#, #""\u0061""#, #""\uD83D\uDE00""#,
        #""\ud83d\ude00""#, #""\uFFFF""#, #""\uFDD0""#, #""é""#, #""€""#, #""😀""#, "\"\u{7F}\"", "\"\u{2028}\"",
        #""\u2028""#,
        #""\uDBFF\uDFFF""#, #""a\u0020b""#, "\"\u{10FFFF}\"", "\"\u{E000}\"", "\"\u{FEFF}\"",
        "[]", "[ ]", "[1]", "[1,2]", "[1 , 2]", "[[]]", "[[],[]]", "[null]", "[{}]", "[\"a\",1,null,true,{},[]]",
        "{}", "{ }", #"{"a":1}"#, #"{"a":1,"b":2}"#, #"{"":0}"#, #"{"a":{"a":1}}"#, #"{"a":[],"b":{}}"#,
        #"{"a":1,"A":2}"#, #"{"a":1,"a ":2}"#, #"{"\u0061":1,"b":2}"#, #"[{"a":1},{"a":1}]"#, #"{"a":"a","b":"a"}"#,
        " 1", "1 ", "\t1\n", "\r\n[\r\n]\r\n", #"{ "a" : 1 }"#, "[\n1\n,\n2\n]", #"{"a":true,"b":false}"#,
        "{\"\u{E9}\":1,\"e\u{301}\":2}", "\n\n\ttrue",
    ]

    @Test(arguments: accepted) func `valid JSON is accepted`(text: String) throws {
        _ = try JSONDocument(parsing: Array(text.utf8))
    }

    static let refused: [(String, JSONSyntaxError.Reason)] = [
        ("", .emptyInput), (" ", .emptyInput), ("\n\t", .emptyInput),
        ("[", .unexpectedEnd), ("{", .unexpectedEnd), ("[1", .unexpectedEnd), ("[1,", .unexpectedEnd),
        (#"{"a""#, .unexpectedEnd), (#"{"a":"#, .unexpectedEnd), (#"{"a":1"#, .unexpectedEnd),
        (#"{"a":1,"#, .unexpectedEnd), ("\"", .unexpectedEnd), ("\"a", .unexpectedEnd), (#""\"#, .unexpectedEnd),
        (#""\u00"#, .unexpectedEnd), ("t", .unexpectedEnd), ("tru", .unexpectedEnd), ("nul", .unexpectedEnd),
        ("-", .unexpectedEnd), ("1.", .unexpectedEnd), ("1e", .unexpectedEnd), ("1e+", .unexpectedEnd),
        ("[[[", .unexpectedEnd), ("[{", .unexpectedEnd),
        ("]", .unexpectedByte), ("}", .unexpectedByte), (",", .unexpectedByte), (":", .unexpectedByte),
        ("[,1]", .unexpectedByte), ("[1,,2]", .unexpectedByte), ("[1 2]", .unexpectedByte), ("[1}", .unexpectedByte),
        (#"{"a":1]"#, .unexpectedByte), (#"{"a" 1}"#, .unexpectedByte), (#"{"a":}"#, .unexpectedByte),
        (#"{"a"}"#, .unexpectedByte), ("{1:1}", .unexpectedByte), ("{a:1}", .unexpectedByte),
        ("{'a':1}", .unexpectedByte), ("{,}", .unexpectedByte), (#"{"a":1,,"b":2}"#, .unexpectedByte),
        (#"{"a":1 "b":2}"#, .unexpectedByte), (#"{"a":]}"#, .unexpectedByte), (#"{"a",1}"#, .unexpectedByte),
        ("{[]:1}", .unexpectedByte), ("{null:1}", .unexpectedByte),
        ("True", .unexpectedByte), ("TRUE", .unexpectedByte), ("trux", .unexpectedByte), ("nulL", .unexpectedByte),
        ("undefined", .unexpectedByte), ("NaN", .unexpectedByte), ("Infinity", .unexpectedByte),
        ("-Infinity", .invalidNumber), ("-NaN", .invalidNumber), ("inf", .unexpectedByte),
        ("'a'", .unexpectedByte), ("`a`", .unexpectedByte), ("// c\n1", .unexpectedByte), ("/* c */1", .unexpectedByte),
        ("# c\n1", .unexpectedByte), ("[1/* c */]", .unexpectedByte), ("\u{A0}1", .unexpectedByte),
        ("\u{2028}1", .unexpectedByte), ("\u{0C}1", .unexpectedByte), ("\u{0B}1", .unexpectedByte),
        ("\0", .unexpectedByte),
        ("é", .unexpectedByte), ("+1", .unexpectedByte), (".5", .unexpectedByte), ("[+1]", .unexpectedByte),
        ("[1,]", .trailingComma), ("[1, ]", .trailingComma), (#"{"a":1,}"#, .trailingComma),
        (#"{"a":[1,],"b":2}"#, .trailingComma),
        ("1 2", .trailingBytes), ("nullx", .trailingBytes), ("truefalse", .trailingBytes), ("[]]", .trailingBytes),
        ("{}}", .trailingBytes), ("{}{}", .trailingBytes), ("[],", .trailingBytes), ("\"\"\"\"", .trailingBytes),
        ("1 // c", .trailingBytes), ("1\0", .trailingBytes), ("1a", .trailingBytes), ("0x1", .trailingBytes),
        ("1_000", .trailingBytes), ("1,000", .trailingBytes), ("1.5.5", .trailingBytes), ("1e5.5", .trailingBytes),
        ("1f", .trailingBytes), ("1-2", .trailingBytes),
        ("01", .leadingZero), ("-01", .leadingZero), ("00", .leadingZero), ("[012]", .leadingZero),
        ("01.5", .leadingZero),
        ("-a", .invalidNumber), ("--1", .invalidNumber), ("-.5", .invalidNumber), ("1.e5", .invalidNumber),
        ("1.a", .invalidNumber), ("1ea", .invalidNumber), ("1e+-5", .invalidNumber), ("[1.]", .invalidNumber),
        ("[1e]", .invalidNumber), ("[-]", .invalidNumber), ("1..5", .invalidNumber), ("-\u{0661}", .invalidNumber),
        ("1e400", .numberOutOfRange), ("-1e400", .numberOutOfRange), ("1e309", .numberOutOfRange),
        ("1.8e308", .numberOutOfRange), ("[1,1e999999999999999999999]", .numberOutOfRange),
        ("1" + String(repeating: "0", count: 400), .numberOutOfRange),
        (#""\x""#, .invalidEscape), (#""\a""#, .invalidEscape), (#""\'""#, .invalidEscape), (#""\0""#, .invalidEscape),
        (#""\U0061""#, .invalidEscape), (#""\u00g0""#, .invalidEscape), (#""\u 061""#, .invalidEscape),
        (#""\u+061""#, .invalidEscape), (#""\u{61}""#, .invalidEscape), (#""\u006""#, .invalidEscape),
        ("\"\\\n\"", .invalidEscape),
        (#""\é""#, .invalidEscape), (#""\u006" "#, .invalidEscape),
        (#""\uD800""#, .loneSurrogate), (#""\uDC00""#, .loneSurrogate), (#""\uDFFF\uD800""#, .loneSurrogate),
        (#""\uD800\uD800""#, .loneSurrogate), (#""\uD800a""#, .loneSurrogate), (#""\uD800\n""#, .loneSurrogate),
        (#""\uDBFF\uE000""#, .loneSurrogate), (#""\ud83d\u0041""#, .loneSurrogate), (#"{"\uDEAD":1}"#, .loneSurrogate),
        ("\"\n\"", .controlCharacter), ("\"\t\"", .controlCharacter), ("\"\0\"", .controlCharacter),
        ("\"a\u{1F}\"", .controlCharacter), ("{\"a\n\":1}", .controlCharacter), ("\"\r\"", .controlCharacter),
        (#"{"a":1,"a":1}"#, .duplicateKey), (#"{"a":1,"b":2,"a":3}"#, .duplicateKey), (#"{"":1,"":2}"#, .duplicateKey),
        (#"{"alg":1,"\u0061lg":2}"#, .duplicateKey), (#"{"\u0061lg":1,"alg":2}"#, .duplicateKey),
        (#"{"a\/":1,"a/":2}"#, .duplicateKey), (#"{"\u00e9":1,"é":2}"#, .duplicateKey),
        (#"{"😀":1,"\ud83d\uDE00":2}"#, .duplicateKey), (#"[{"x":{"a":1,"a":2}}]"#, .duplicateKey),
        (#"{"a":{},"a":[]}"#, .duplicateKey), (#"{"a":[1,{"b":2}],"c":3,"a":4}"#, .duplicateKey),
        (#"{"\n":1,"\u000A":2}"#, .duplicateKey),
        ("\u{FEFF}1", .byteOrderMark), ("\u{FEFF}", .byteOrderMark), ("\u{FEFF}{}", .byteOrderMark),
    ]

    @Test(arguments: refused) func `invalid JSON is refused`(text: String, reason: JSONSyntaxError.Reason) {
        let error = #expect(throws: JSONSyntaxError.self) { try JSONDocument(parsing: Array(text.utf8)) }
        #expect(error?.reason == reason, "\(text)")
        #expect(0...text.utf8.count ~= error?.offset ?? -1)
    }

    @Test(
        arguments: [
            [0x80], [0xBF], [0xC0, 0x80], [0xC1, 0xBF], [0xC2], [0xC2, 0x41], [0xE0, 0x80, 0x80], [0xE0, 0x9F, 0xBF],
            [0xE1, 0x80], [0xE1, 0x80, 0x41], [0xED, 0xA0, 0x80], [0xED, 0xBF, 0xBF], [0xF0, 0x80, 0x80, 0x80],
            [0xF0, 0x8F, 0xBF, 0xBF], [0xF1, 0x80, 0x80], [0xF4, 0x90, 0x80, 0x80], [0xF5, 0x80, 0x80, 0x80], [0xF8],
            [0xFE], [0xFF], [0xEF, 0xBB],
        ] as [[UInt8]]
    )
    func `a string that is not UTF-8 is refused`(bytes: [UInt8]) {
        let error = #expect(throws: JSONSyntaxError.self) {
            try JSONDocument(parsing: [0x22] + bytes + [0x22])
        }
        #expect(error?.reason == .invalidUTF8)
        // The string ends in the middle of a character.
        #expect(throws: JSONSyntaxError.self) { try JSONDocument(parsing: [0x22] + bytes) }
        #expect(throws: JSONSyntaxError.self) { try JSONDocument(parsing: bytes) }
    }

    @Test func `every byte is noticed at every place of a string`() {
        for length in 1...17 {
            for place in 0..<length {
                for byte in UInt8.min ... .max {
                    var content = [UInt8](repeating: 0x61, count: length)
                    content[place] = byte
                    let text = [0x22] + content + [0x22]
                    // What follows is the end of the string, or plain.
                    let expected: JSONSyntaxError? =
                        switch byte {
                        case 0..<0x20: JSONSyntaxError(.controlCharacter, at: place + 1)
                        case 0x22: JSONSyntaxError(.trailingBytes, at: place + 2)
                        case 0x5C where place + 1 < length: JSONSyntaxError(.invalidEscape, at: place + 1)
                        case 0x5C: JSONSyntaxError(.unexpectedEnd, at: length + 2)
                        case 0x80...: JSONSyntaxError(.invalidUTF8, at: place + 1)
                        default: nil
                        }
                    var found: JSONSyntaxError?
                    do throws(JSONSyntaxError) {
                        _ = try JSONDocument(parsing: text)
                    } catch {
                        found = error
                    }
                    if found != expected {
                        Issue.record("byte \(byte) at \(place) of \(length): \(found.map { "\($0)" } ?? "accepted")")
                    }
                }
            }
        }
    }

    @Test func `UTF-16 and UTF-32 are refused`() {
        for encoding in [String.Encoding.utf16, .utf16LittleEndian, .utf16BigEndian, .utf32] {
            let bytes = "{\"a\":1}".data(using: encoding).map(Array.init) ?? []
            #expect(throws: JSONSyntaxError.self) { try JSONDocument(parsing: bytes) }
        }
    }

    @Test func `32 levels are accepted, 33 are refused`() throws {
        let deep = { (count: Int) in
            Array((String(repeating: "[", count: count) + String(repeating: "]", count: count)).utf8)
        }
        _ = try JSONDocument(parsing: deep(32))
        #expect(throws: JSONSyntaxError(.tooDeep, at: 32)) { try JSONDocument(parsing: deep(33)) }
        let objects = { (count: Int) in
            Array((String(repeating: #"{"a":"#, count: count) + "1" + String(repeating: "}", count: count)).utf8)
        }
        _ = try JSONDocument(parsing: objects(32))
        #expect(throws: JSONSyntaxError(.tooDeep, at: 32 * 5)) { try JSONDocument(parsing: objects(33)) }
        _ = try JSONDocument(parsing: Array("1".utf8), maximumDepth: 0)
        #expect(throws: JSONSyntaxError(.tooDeep, at: 0)) { try JSONDocument(parsing: deep(1), maximumDepth: 0) }
    }

    @Test func `closing a container reduces the depth`() throws {
        let wide = "[" + Array(repeating: "[[]]", count: 100).joined(separator: ",") + "]"
        _ = try JSONDocument(parsing: Array(wide.utf8), maximumDepth: 3)
    }

    @Test func `10,000 nested arrays are refused or accepted without a crash`() throws {
        let open = [UInt8](repeating: UInt8(ascii: "["), count: 10_000)
        let close = [UInt8](repeating: UInt8(ascii: "]"), count: 10_000)
        #expect(throws: JSONSyntaxError(.tooDeep, at: 32)) { try JSONDocument(parsing: open) }
        #expect(throws: JSONSyntaxError(.tooDeep, at: 32)) { try JSONDocument(parsing: open + close) }
        #expect(throws: JSONSyntaxError(.unexpectedEnd, at: 10_000)) {
            try JSONDocument(parsing: open, maximumDepth: .max)
        }
        _ = try JSONDocument(parsing: open + close, maximumDepth: 10_000)
    }

    @Test(arguments: [2, 3, 16, 17, 18, 40]) func `a duplicate key is found at any position in an object of any size`(
        count: Int
    ) {
        for copy in 0..<count - 1 {
            var keys = (0..<count - 1).map { "key\($0)" }
            keys.append(copy.isMultiple(of: 2) ? "key\(copy)" : "\\u006bey\(copy)")
            let text = "{" + keys.map { "\"\($0)\":[{}]" }.joined(separator: ",") + "}"
            let error = #expect(throws: JSONSyntaxError.self) { try JSONDocument(parsing: Array(text.utf8)) }
            #expect(error?.reason == .duplicateKey)
            #expect(error?.key == "key\(copy)")
        }
    }

    @Test func `100,000 keys in one object take linear time`() throws {
        func seconds(_ count: Int) throws -> Double {
            let text = "{" + (0..<count).map { "\"k\($0)\":1" }.joined(separator: ",") + "}"
            let clock = ContinuousClock()
            let took = try clock.measure {
                let document = try JSONDocument(parsing: Array(text.utf8))
                #expect(document.root.count == count)
            }
            return Double(took.components.attoseconds) / 1e18 + Double(took.components.seconds)
        }
        let small = try seconds(10_000)
        let large = try seconds(100_000)
        // Quadratic time would be 100 times as long, linear time 10 times. The limit allows for a busy machine.
        #expect(large < small * 40 || large < 0.5)
    }

    @Test func `an error has a position, and quotes only a sanitized key`() {
        let duplicate = #expect(throws: JSONSyntaxError.self) {
            try JSONDocument(parsing: Array(#"{"alg":1,  "alg":2}"#.utf8))
        }
        #expect(duplicate?.description == #"duplicate key "alg" at byte 11"#)
        let hostile = #expect(throws: JSONSyntaxError.self) {
            try JSONDocument(parsing: Array(#"{"<b>\n\"é":1,"<b>\n\"é":2}"#.utf8))
        }
        #expect(hostile?.key == "?b?????")
        let long = String(repeating: "x", count: 1000)
        let cut = #expect(throws: JSONSyntaxError.self) {
            try JSONDocument(parsing: Array("{\"\(long)\":1,\"\(long)\":2}".utf8))
        }
        #expect(cut?.key?.count == 32)
    }

    @Test func `line and column count from 1, columns in scalars`() throws {
        let text = Array("{\n  \"é😀\": 1,\r\n\t\"b\": x}".utf8)
        let error = #expect(throws: JSONSyntaxError.self) { try JSONDocument(parsing: text) }
        #expect(TextPosition(of: error?.offset ?? 0, in: text) == TextPosition(line: 3, column: 7))
        #expect(TextPosition(of: 0, in: text) == TextPosition(line: 1, column: 1))
        #expect(TextPosition(of: -5, in: text) == TextPosition(line: 1, column: 1))
        #expect(TextPosition(of: .max, in: text) == TextPosition(line: 3, column: 9))
        let document = try JSONDocument(parsing: Array("[1,\n \"é\", 2]".utf8))
        let offsets = document.root.elements.map(\.offset)
        #expect(
            offsets.map { document.position(of: $0) } == [
                TextPosition(line: 1, column: 2), TextPosition(line: 2, column: 2), TextPosition(line: 2, column: 7),
            ]
        )
    }

    @Test func `no mutation of a document crashes the parser`() {
        let seed = Array(#"{"a":[1,-2.5e3,"x\u00e9\ud83d\ude00é",null,true],"b":{"c":{},"d":[]},"e":"\\\""}"#.utf8)
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<20_000 {
            var text = seed
            for _ in 0..<Int.random(in: 1...4, using: &generator) {
                switch Int.random(in: 0..<4, using: &generator) {
                case 0 where !text.isEmpty:
                    text[Int.random(in: 0..<text.count, using: &generator)] = .random(
                        in: .min ... .max,
                        using: &generator
                    )
                case 1 where !text.isEmpty:
                    text.remove(at: Int.random(in: 0..<text.count, using: &generator))
                case 2:
                    text = Array(text.prefix(Int.random(in: 0...text.count, using: &generator)))
                default:
                    text.insert(
                        seed.randomElement(using: &generator) ?? 0,
                        at: Int.random(in: 0...text.count, using: &generator)
                    )
                }
            }
            guard let document = try? JSONDocument(parsing: text) else { continue }
            // Foundation accepts every text that this parser accepts.
            #expect((try? JSONSerialization.jsonObject(with: Data(text), options: .fragmentsAllowed)) != nil)
            _ = JSONValueTests.plain(document.root)
        }
    }
}
