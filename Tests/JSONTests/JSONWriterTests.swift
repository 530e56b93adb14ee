import JSON
import Testing

@Suite struct JSONWriterTests {
    @Test func `commas stand between members and elements, and nowhere else`() {
        var json = JSONWriter()
        json.object { json in
            json.member("a", 1)
            json.object("b") { _ in }
            json.array("c") { json in
                json.integer(-1)
                json.array { _ in }
                json.object { json in
                    json.key("d")
                    json.null()
                    json.member("e", true)
                }
                json.string("x")
                json.double(401)
            }
            json.member("f", orNull: nil)
            json.member("g", orNull: "y")
            json.key("h\"")
            json.number("1e3")
            json.key("i")
            json.raw(Array("{}".utf8))
            json.key("j")
            json.string(unescaped: Array("a.b".utf8))
            json.member("k", false)
        }
        #expect(
            json.text == """
                {"a":1,"b":{},"c":[-1,[],{"d":null,"e":true},"x",401.0],"f":null,"g":"y","h\\"":1e3,"i":{},"j":"a.b",\
                "k":false}
                """
        )
    }

    @Test func `a value at the top stands alone`() {
        var json = JSONWriter()
        json.string("")
        #expect(json.bytes == Array(#""""#.utf8))
    }

    @Test(arguments: [0, 9, 10, -10, Int64.max, Int64.min]) func `integers have all their digits`(number: Int64) {
        var json = JSONWriter()
        json.integer(number)
        #expect(json.text == "\(number)")
    }

    @Test func `what is written is read back, whatever the string`() throws {
        var scalars = (0..<0x2100).compactMap { Unicode.Scalar($0) }
        scalars += [0xD7FF, 0xE000, 0xFFFF, 0x10000, 0x1F3A5, 0x10FFFF].compactMap { Unicode.Scalar($0) }
        for scalar in scalars {
            let text = "a\(scalar)b"
            var json = JSONWriter()
            json.object { $0.member(text, text) }
            let root = try JSONDocument(parsing: json.bytes).root
            #expect(root[text]?.string == text, "\(scalar.value)")
        }
    }

    /// Clients have seen these forms since the first release.
    @Test func `control characters, quotes and backslashes are escaped, and nothing else`() {
        var json = JSONWriter()
        json.string("\u{0}\u{8}\t\n\u{B}\u{C}\r\u{1F} \"/\\\u{7F}é\u{2028}🎥")
        #expect(json.text == #""\u0000\u0008\t\n\u000b\u000c\r\u001f \"/\\\#u{7F}é\#u{2028}🎥""#)
    }
}
