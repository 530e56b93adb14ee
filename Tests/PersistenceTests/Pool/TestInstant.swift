/// An instant of a clock that stands still until a test moves it.
struct TestInstant: InstantProtocol, Sendable {
    var offset: Duration = .zero

    func advanced(by duration: Duration) -> TestInstant {
        TestInstant(offset: offset + duration)
    }

    func duration(to other: TestInstant) -> Duration {
        other.offset - offset
    }

    static func < (left: TestInstant, right: TestInstant) -> Bool {
        left.offset < right.offset
    }

    static func at(_ offset: Duration) -> TestInstant {
        TestInstant(offset: offset)
    }
}
