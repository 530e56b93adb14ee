import Testing

@testable import connvo_server

/// Text from outside stays text.
@Suite struct HTMLTests {
    @Test func `text is escaped, markup is not`() {
        let name = #"<img src=x onerror="alert('1')">&amp;"#
        let html: HTML = "<b title=\"\(name)\">\(name)</b>"

        let escaped = "&lt;img src=x onerror=&quot;alert(&#39;1&#39;)&quot;&gt;&amp;amp;"
        #expect(html.source == "<b title=\"\(escaped)\">\(escaped)</b>")
        #expect(HTML("<i>\(html)\([html, html])</i>").source == "<i>\(html.source)\(html.source)\(html.source)</i>")
    }

    @Test func `what XML forbids, and what turns the direction of writing, is replaced`() {
        let text = "a\u{0}\u{1B}\u{7F}\u{85}\u{FFFE}\u{202E}\u{2067}\u{200F}z"
        let html: HTML = "\(text)"

        #expect(html.source == "a" + String(repeating: "\u{FFFD}", count: 8) + "z")
        let kept = "Díaz 会議 🎥 \u{200D} עברית"
        #expect(HTML("\(kept)").source == kept)
    }

    @Test(arguments: [
        (0.0, "0"), (1, "1"), (12.5, "12.5"), (12.345, "12.35"), (-0.05, "-0.05"), (1.004, "1"), (.nan, "0"),
        (.infinity, "0"), (100.0 / 3, "33.33"),
    ])
    func `coordinates have at most two decimals`(number: Double, text: String) {
        #expect(HTML("\(number)").source == text)
    }
}
