/// What a batch costs the database, as a line through what the last batches took: a fixed part, and a part for each
/// request.
///
/// A Kalman filter of two values (Kalman 1960; as recursive least squares in Ljung, System Identification, 11.2): batches
/// of different sizes tell the parts apart, and batches of one size only move the line. So a size that has been steady for
/// long does not make the slope forgotten. A batch that is far off the line says that the database has changed: both
/// parts are scaled to what it took, and the next sizes decide anew which of them it was.
struct BatchCost: Sendable {
    /// Both in milliseconds.
    private(set) var fixed = 0.0
    private(set) var each = 0.0
    /// The covariance of the two: of ``fixed``, of both, of ``each``; nil before the first batch.
    private var covariance: (fixed: Double, both: Double, each: Double)?
    /// With which nothing is known about the parts: a full batch then takes twice as long as a request alone.
    private let fullSize: Double

    /// How much what a batch takes differs from the line, as a part of it, and beside that in milliseconds.
    private static let relativeNoise = 0.15
    private static let noise = 1.0
    /// By how much each part may change from batch to batch, as a part of what a batch takes.
    private static let drift = 0.05
    /// How many standard deviations are a change of the database.
    private static let surprise = 3.0

    init(fullSize: Int) {
        self.fullSize = Double(fullSize)
    }

    /// How long a batch of so many requests takes, in milliseconds; 0 before the first.
    func milliseconds(of size: Double) -> Double {
        fixed + each * size
    }

    /// A batch of `size` requests took so many milliseconds; both more than zero.
    ///
    /// - Returns: Whether the line said nothing like it.
    mutating func observe(size: Double, milliseconds took: Double) -> Bool {
        var isSurprise = false
        if covariance == nil || milliseconds(of: size) <= 0 {
            isSurprise = true
            each = took / (fullSize + size)
            fixed = each * fullSize
        } else {
            let difference = abs(took - milliseconds(of: size))
            let spread = (variance(at: size) + noise(size: size, took: took)).squareRoot()
            isSurprise = difference > Self.surprise * spread
            if isSurprise {
                let factor = took / milliseconds(of: size)
                fixed *= factor
                each *= factor
            }
        }
        widen(size: size, took: took, toTheFull: isSurprise)
        correct(size: size, took: took)
        return isSurprise
    }

    private func noise(size: Double, took: Double) -> Double {
        let relative = Self.relativeNoise * max(took, milliseconds(of: size))
        return relative * relative + Self.noise * Self.noise
    }

    private func variance(at size: Double) -> Double {
        guard let (fixed, both, each) = covariance else { return 0 }
        return fixed + 2 * size * both + size * size * each
    }

    /// Time has passed: the parts are known less well. At most, either of them could be all of it.
    private mutating func widen(size: Double, took: Double, toTheFull isUnknown: Bool) {
        let widest = (fixed: took * took / 4, each: took * took / (4 * size * size))
        guard var (fixed, both, each) = covariance, !isUnknown else {
            covariance = (widest.fixed, 0, widest.each)
            return
        }
        fixed += 4 * Self.drift * Self.drift * widest.fixed
        each += 4 * Self.drift * Self.drift * widest.each
        let scale = min(1, widest.fixed / fixed, widest.each / each)
        both *= scale
        covariance = (fixed * scale, both, each * scale)
    }

    private mutating func correct(size: Double, took: Double) {
        guard let old = covariance else { return }
        let gain = (fixed: old.fixed + size * old.both, each: old.both + size * old.each)
        let spread = gain.fixed + size * gain.each + noise(size: size, took: took)
        let difference = took - milliseconds(of: size)
        fixed = max(0, fixed + gain.fixed / spread * difference)
        each = max(0, each + gain.each / spread * difference)
        covariance = (
            old.fixed - gain.fixed * gain.fixed / spread,
            old.both - gain.fixed * gain.each / spread,
            old.each - gain.each * gain.each / spread
        )
    }
}
