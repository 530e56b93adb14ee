@testable internal import JSON
@testable internal import SeedFiles
@testable internal import Text

/// An object of arrays that is split into elements is accepted exactly when the strict parser accepts the whole text.
enum JSONRowsProperty {
    static func check(_ input: [UInt8]) {
        let events = scan([input])
        let cut = input.isEmpty ? 0 : Int(input[0]) % (input.count + 1)
        hold(scan([Array(input[..<cut]), Array(input[cut...])]) == events, "elements do not depend on the chunks")

        var kinds: Set<String> = []
        var elements: [JSONDocument] = []
        var isAccepted = true
        for event in events {
            switch event {
            case .kind(let text, _):
                guard let name = (try? JSONDocument(parsing: text))?.root.string else {
                    isAccepted = false
                    continue
                }
                if !kinds.insert(name).inserted { isAccepted = false }
            case .element(let text, let place):
                hold(place.line >= 1 && place.column >= 1, "an element has a position")
                if let document = try? JSONDocument(parsing: text, maximumDepth: 30) {
                    elements.append(document)
                } else {
                    isAccepted = false
                }
            case .noArray:
                // The scanner does not parse such a value, because the file is refused for it.
                return
            case .fault:
                isAccepted = false
            }
        }
        guard let whole = try? JSONDocument(parsing: input, maximumDepth: 32), whole.root.kind == .object else {
            return hold(!isAccepted, "a text that is accepted by elements is accepted as a whole")
        }
        hold(isAccepted, "a text that is accepted as a whole is accepted by elements")
        var expected = 0
        for member in whole.root.members {
            for element in member.value.elements {
                hold(expected < elements.count && elements[expected].root.kind == element.kind, "elements are the same")
                expected += 1
            }
        }
        hold(expected == elements.count, "the number of elements is the same")
    }

    private static func scan(_ pieces: [[UInt8]]) -> [JSONRowScanner.Event] {
        var scanner = JSONRowScanner()
        var events: [JSONRowScanner.Event] = []
        for piece in pieces { scanner.scan(piece) { events.append($0) } }
        scanner.finish { events.append($0) }
        return events
    }
}
