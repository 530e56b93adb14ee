import Domain
import Testing

@Suite struct DurationTextTests {
    private static let range = Duration.zero ... .days(100)

    @Test(arguments: [
        ("500ms", Duration.milliseconds(500)),
        ("0s", .zero),
        ("90s", .seconds(90)),
        ("0090s", .seconds(90)),
        ("15m", .seconds(900)),
        ("24h", .days(1)),
        ("7d", .seconds(604_800)),
        ("100d", .days(100)),
    ])
    func `a whole number and a unit is a duration`(text: String, duration: Duration) {
        #expect(DurationText.parse(text, in: Self.range) == duration)
    }

    @Test(arguments: [
        "", "s", "90", "90 s", " 90s", "90s ", "1.5h", "1h30m", "90S", "-1s", "101d", "8640000001ms",
        "9223372036854775807d", "9223372036854775808s", "٩s", "P1D", "0x5s",
    ])
    func `any other text is refused`(text: String) {
        #expect(DurationText.parse(text, in: Self.range) == nil)
    }

    @Test func `a duration below the range is refused`() {
        #expect(DurationText.parse("0ms", in: .milliseconds(1) ... .hours(24)) == nil)
        #expect(DurationText.parse("1ms", in: .milliseconds(1) ... .hours(24)) == .milliseconds(1))
    }

    @Test(arguments: [
        (Duration.seconds(120), "2m"), (.seconds(90), "90s"), (.milliseconds(1500), "1500ms"), (.zero, "0s"),
        (.hours(2), "120m"),
    ])
    func `a duration is written in minutes, seconds or milliseconds`(duration: Duration, text: String) {
        #expect(DurationText.text(duration) == text)
    }
}
