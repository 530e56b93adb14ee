/// An instant of a clock that only a test advances.
package struct TestInstant: InstantProtocol, Sendable {
    package var offset: Duration = .zero

    package init(offset: Duration = .zero) {
        self.offset = offset
    }

    package func advanced(by duration: Duration) -> TestInstant {
        TestInstant(offset: offset + duration)
    }

    package func duration(to other: TestInstant) -> Duration {
        other.offset - offset
    }

    package static func < (left: TestInstant, right: TestInstant) -> Bool {
        left.offset < right.offset
    }

    package static func at(_ offset: Duration) -> TestInstant {
        TestInstant(offset: offset)
    }
}
