internal import JOSE

/// Cutting an object of arrays into its elements and parsing those accepts what the strict reader accepts as a whole.
enum JSONRowsProperty {
    static func check(_ input: [UInt8]) {
        let events = scan([input])
        let cut = input.isEmpty ? 0 : Int(input[0]) % (input.count + 1)
        hold(scan([Array(input[..<cut]), Array(input[cut...])]) == events, "pieces do not matter")

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
                hold(place.line >= 1 && place.column >= 1, "an element has a place")
                if let document = try? JSONDocument(parsing: text, maximumDepth: 30) {
                    elements.append(document)
                } else {
                    isAccepted = false
                }
            case .noArray:
                // Such a value is not looked into: the file is refused for it.
                return
            case .fault:
                isAccepted = false
            }
        }
        guard let whole = try? JSONDocument(parsing: input, maximumDepth: 32), whole.root.kind == .object else {
            return hold(!isAccepted, "what is accepted in pieces is accepted as a whole")
        }
        hold(isAccepted, "what is accepted as a whole is accepted in pieces")
        var expected = 0
        for member in whole.root.members {
            for element in member.value.elements {
                hold(expected < elements.count && elements[expected].root.kind == element.kind, "elements are the same")
                expected += 1
            }
        }
        hold(expected == elements.count, "there are as many elements")
    }

    private static func scan(_ pieces: [[UInt8]]) -> [JSONRowScanner.Event] {
        var scanner = JSONRowScanner()
        var events: [JSONRowScanner.Event] = []
        for piece in pieces { scanner.scan(piece) { events.append($0) } }
        scanner.finish { events.append($0) }
        return events
    }
}
