/// An instant of a clock that only a test advances.
package typealias TestInstant = ContinuousClock.Instant

/// When the clock of the tests begins.
private let beginning = ContinuousClock.now

extension ContinuousClock.Instant {
    /// The instant at which a simulation begins.
    package init() {
        self = beginning
    }

    /// The instant `offset` after the beginning of a simulation.
    package static func at(_ offset: Duration) -> ContinuousClock.Instant {
        beginning + offset
    }

    /// The time since the beginning of a simulation.
    package var offset: Duration { self - beginning }
}
