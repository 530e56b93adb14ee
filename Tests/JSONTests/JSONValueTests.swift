import Foundation
import JSON
import Testing

@Suite struct JSONValueTests {
    private func root(_ text: String) throws -> JSONValue {
        try JSONDocument(parsing: Array(text.utf8)).root
    }

    @Test(
        arguments: [
            ("0", 0), ("-0", 0), ("1", 1), ("-1", -1), ("9007199254740992", 9_007_199_254_740_992),
            ("9223372036854775807", .max), ("-9223372036854775808", .min),
        ] as [(String, Int64)]
    )
    func `an integer literal in range is an integer`(text: String, value: Int64) throws {
        #expect(try root(text).integer == value)
        #expect(try root(text).double == Double(value))
    }

    @Test(arguments: [
        "1.0", "1e3", "1E0", "1.5", "9223372036854775808", "-9223372036854775809", "99999999999999999999", "true",
        "null",
        "\"1\"", "[1]", "{}",
    ])
    func `any other number is not an integer`(text: String) throws {
        #expect(try root(text).integer == nil)
    }

    @Test(arguments: [("1.5", 1.5), ("1e3", 1000), ("-2.5E-1", -0.25), ("0.1", 0.1), ("1e-400", 0)])
    func `every number is a double`(text: String, value: Double) throws {
        #expect(try root(text).double == value)
    }

    @Test(arguments: [
        (#""""#, ""), (#""abc""#, "abc"), (#""\"\\\/\b\f\n\r\t""#, "\"\\/\u{8}\u{C}\n\r\t"),
        (#""\u0041é\u00e9€""#, "Aéé€"),
        (#""\ud83d\ude00x\uDBFF\uDFFF""#, "😀x\u{10FFFF}"), (#""a\u0000b""#, "a\0b"), (#""\uFFEE""#, "\u{FFEE}"),
        (#""\\u0061""#, "\\u0061"),
    ])
    func `strings are unescaped`(text: String, value: String) throws {
        let value = Array(value.utf8)
        let string = try root(text)
        #expect(string.string.map { Array($0.utf8) } == value)
        #expect(string.stringBytes.map(Array.init) == value)
        #expect(string.isString(equalTo: value))
        #expect(!string.isString(equalTo: value + [0]))
    }

    @Test func `strings are compared by bytes, and other kinds are unequal`() throws {
        #expect(try root(#""RS256""#).isString(equalTo: "RS256"))
        #expect(try root(#""R\u0053256""#).isString(equalTo: "RS256"))
        #expect(try !root(#""rs256""#).isString(equalTo: "RS256"))
        #expect(try !root(#""RS25""#).isString(equalTo: "RS256"))
        #expect(try !root(#"["RS256"]"#).isString(equalTo: "RS256"))
        #expect(try !root("null").isString(equalTo: ""))
        #expect(try !root("\"e\u{301}\"").isString(equalTo: "é"))
    }

    @Test func `members are found by unescaped key`() throws {
        let value = try root(#"{"a":{"x":[1,2,{"y":0}]},"\u0062":2,"c":null,"":3}"#)
        #expect(value["a"]?["x"]?.elements.map(\.kind) == [.number, .number, .object])
        #expect(value["b"]?.integer == 2)
        #expect(value["c"]?.isNull == true)
        #expect(value[""]?.integer == 3)
        #expect(value["d"] == nil)
        #expect(value["a"]?["y"] == nil)
        #expect(try root(#"["a"]"#)["a"] == nil)
        #expect(try root(#""a""#)["a"] == nil)
    }

    @Test func `members and elements are in order, with their offsets`() throws {
        let value = try root(#"{"one": [1, "x"], "t\u0077o": {}}"#)
        #expect(value.count == 2)
        #expect(value.members.map(\.key) == ["one", "two"])
        #expect(value.members.map(\.keyOffset) == [1, 18])
        #expect(value.members.map(\.value.offset) == [8, 30])
        #expect(value["one"]?.elements.map(\.offset) == [9, 12])
        #expect(value["one"]?.count == 2)
        #expect(value.elements.map(\.offset) == [])
        #expect(value["one"]?.members.map(\.key) == [])
        #expect(value["two"]?.count == 0)
    }

    @Test func `each value has its kind`() throws {
        let value = try root(#"[null,true,false,0,"",[],{}]"#)
        #expect(value.elements.map(\.kind) == [.null, .bool, .bool, .number, .string, .array, .object])
        #expect(value.elements.map(\.bool) == [nil, true, false, nil, nil, nil, nil])
        #expect(value.elements.map(\.isNull) == [true, false, false, false, false, false, false])
        #expect(value.elements.compactMap(\.string) == [""])
        #expect(value.elements.compactMap(\.double) == [0])
    }

    @Test func `offsets in a slice count from its start`() throws {
        let text = Array("xx[true]yy".utf8)
        let value = try JSONDocument(parsing: text[2..<8]).root
        #expect(value.elements.map(\.offset) == [1])
    }

    // MARK: - Against Foundation

    /// The value as Foundation represents it.
    static func plain(_ value: JSONValue) -> NSObject {
        switch value.kind {
        case .null: NSNull()
        case .bool: NSNumber(value: value.bool ?? false)
        case .number:
            if let integer = value.integer { NSNumber(value: integer) } else { NSNumber(value: value.double ?? .nan) }
        case .string: NSString(string: value.string ?? "")
        case .array: NSArray(array: value.elements.map(plain))
        case .object:
            NSDictionary(dictionary: Dictionary(uniqueKeysWithValues: value.members.map { ($0.key, plain($0.value)) }))
        }
    }

    private func randomValue(_ depth: Int) -> NSObject {
        switch Int.random(in: depth > 0 ? 0...6 : 0...4) {
        case 0: NSNull()
        case 1: NSNumber(value: Bool.random())
        case 2: NSNumber(value: Int64.random(in: -(1 << 53)...(1 << 53)))
        case 3: NSNumber(value: Double.random(in: -1e6...1e6))
        case 4: NSString(string: randomString())
        case 5: NSArray(array: (0..<Int.random(in: 0...5)).map { _ in randomValue(depth - 1) })
        default:
            NSDictionary(
                dictionary: Dictionary(
                    (0..<Int.random(in: 0...25)).map { _ in (randomString(), randomValue(depth - 1)) },
                    uniquingKeysWith: { one, _ in one }
                )
            )
        }
    }

    private func randomString() -> String {
        let scalars: [Unicode.Scalar] = [
            "a", "b", "\"", "\\", "/", "\n", "\u{1}", "é", "€", "😀", "\u{2028}", " ", "{", "]",
        ]
        return String(
            String.UnicodeScalarView((0..<Int.random(in: 0...20)).compactMap { _ in scalars.randomElement() })
        )
    }

    @Test func `a text that Foundation writes is parsed as the same value`() throws {
        for _ in 0..<500 {
            let value = randomValue(4)
            let text = try JSONSerialization.data(withJSONObject: value, options: [.fragmentsAllowed])
            let document = try JSONDocument(parsing: Array(text))
            #expect(Self.plain(document.root) == value)
        }
    }
}
