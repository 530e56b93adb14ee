internal import Logging
internal import Synchronization

/// The least severe level that is logged, of all loggers of the process together. A reload may change it.
final class LogThreshold: Sendable {
    typealias Level = Logger.Level

    /// The place of the level in `Level.allCases`, which begins with the least severe one.
    private let place: Atomic<Int>

    init(_ level: Level) {
        place = Atomic(Self.place(of: level))
    }

    var level: Level {
        get { Level.allCases[place.load(ordering: .relaxed)] }
        set { place.store(Self.place(of: newValue), ordering: .relaxed) }
    }

    private static func place(of level: Level) -> Int {
        Level.allCases.firstIndex(of: level) ?? 0
    }
}
