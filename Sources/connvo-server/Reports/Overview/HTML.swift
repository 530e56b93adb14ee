internal import Text

/// Markup for a page. Text from outside is escaped on its way in: there is no other way in but interpolation.
///
/// What stands literally in the source is markup; an interpolated `String` is text; an interpolated `HTML` is markup
/// again. Written with every element closed, so that a page is well-formed XML too and its tests can parse it.
struct HTML: Sendable, ExpressibleByStringInterpolation {
    private(set) var source: String

    init(stringLiteral source: StaticString) {
        self.source = source.description
    }

    init(stringInterpolation: StringInterpolation) {
        source = stringInterpolation.source
    }

    static let nothing: HTML = ""

    /// Something from outside, such as an id: kept apart from the direction of writing around it, broken anywhere, and cut
    /// after two lines. A pointer that rests on it is told the whole.
    static func name(_ name: String) -> HTML {
        #"<bdi class="name" title="\#(name)">\#(name)</bdi>"#
    }

    struct StringInterpolation: StringInterpolationProtocol {
        fileprivate var source = ""

        init(literalCapacity: Int, interpolationCount: Int) {
            source.reserveCapacity(literalCapacity + interpolationCount * 8)
        }

        mutating func appendLiteral(_ literal: StaticString) { source += literal.description }

        mutating func appendInterpolation(_ text: String) { source += HTML.escaped(text) }

        mutating func appendInterpolation(_ html: HTML) { source += html.source }

        mutating func appendInterpolation(_ parts: [HTML]) {
            for part in parts { source += part.source }
        }

        mutating func appendInterpolation(_ number: Int) { source += String(number) }

        /// A coordinate or a percentage, with at most two decimals.
        mutating func appendInterpolation(_ number: Double) { source += HTML.coordinate(number) }
    }

    /// Escapes what markup is made of. Characters that XML forbids become U+FFFD, and so do those that turn the
    /// direction of writing: the order in which a name is shown must not reach beyond the name.
    private static func escaped(_ text: String) -> String {
        var escaped = ""
        escaped.reserveCapacity(text.utf8.count)
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": escaped += "&amp;"
            case "<": escaped += "&lt;"
            case ">": escaped += "&gt;"
            case "\"": escaped += "&quot;"
            case "'": escaped += "&#39;"
            case _ where TextDestination.markup.forbids(scalar):
                escaped.unicodeScalars.append("\u{FFFD}")
            default: escaped.unicodeScalars.append(scalar)
            }
        }
        return escaped
    }

    private static func coordinate(_ number: Double) -> String {
        guard number.isFinite else { return "0" }
        let hundredths = Int((number.clamped(to: -1e9...1e9) * 100).rounded())
        let (whole, rest) = hundredths.magnitude.quotientAndRemainder(dividingBy: 100)
        let sign = hundredths < 0 ? "-" : ""
        if rest == 0 { return "\(sign)\(whole)" }
        return rest % 10 == 0 ? "\(sign)\(whole).\(rest / 10)" : "\(sign)\(whole).\(rest < 10 ? "0" : "")\(rest)"
    }
}

extension Double {
    func clamped(to range: ClosedRange<Double>) -> Double {
        min(max(self, range.lowerBound), range.upperBound)
    }
}
