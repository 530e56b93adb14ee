import Persistence
import Testing

@Suite struct LineDifferenceTests {
    @Test(
        arguments: [
            ("a\nb\nc", "a\nX\nc", 2, "b", "X"),
            ("a\nb", "a\nb\nc", 3, nil, "c"),
            ("a\nb\nc", "a", 2, "b", nil),
            ("", "a", 1, "", "a"),
            ("a\n\nb", "a\nb", 2, "", "b"),
        ] as [(String, String, Int, String?, String?)]
    )
    func `the first line that differs is found`(
        applied: String,
        known: String,
        line: Int,
        was: String?,
        isNow: String?
    ) throws {
        let difference = try #require(LineDifference(applied: applied, known: known))

        #expect(difference.line == line)
        #expect(difference.applied == was)
        #expect(difference.known == isNow)
    }

    @Test func `equal texts have none`() {
        #expect(LineDifference(applied: "a\nb", known: "a\nb") == nil)
        #expect(LineDifference(applied: "", known: "") == nil)
    }
}
