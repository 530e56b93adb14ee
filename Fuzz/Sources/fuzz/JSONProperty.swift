@testable internal import JSON
@testable internal import Text

/// A text that the JSON parser accepts is UTF-8, and can be written and parsed again as the same value.
enum JSONProperty {
    static func check(_ input: [UInt8]) {
        let document: JSONDocument
        do {
            document = try JSONDocument(parsing: input)
        } catch {
            hold((0...input.count).contains(error.offset), "a fault lies inside the text or at its end")
            hold((error.key?.utf8.count ?? 0) <= 32, "a fault quotes no more than 32 bytes")
            let position = TextPosition(of: error.offset, in: input)
            hold(position.line >= 1 && position.column >= 1, "a fault has a line and a column")
            hold((try? JSONDocument(parsing: ([0x5B] + input).dropFirst())) == nil, "a slice is parsed as its copy")
            return
        }
        hold(String(validating: input, as: UTF8.self) != nil, "only UTF-8 is accepted")
        let value = document.root
        var depth = 0
        check(value, depth: &depth)
        hold(depth <= 32, "no value is nested deeper than the limit")

        var written: [UInt8] = []
        write(value, to: &written)
        guard let again = try? JSONDocument(parsing: written) else {
            return hold(false, "a value that was written again is accepted")
        }
        hold(means(value, again.root), "a value that was written again is the same")
        if depth > 0 {
            hold(
                (try? JSONDocument(parsing: input, maximumDepth: depth)) != nil,
                "the depth of a text is enough for it"
            )
            hold((try? JSONDocument(parsing: input, maximumDepth: depth - 1)) == nil, "one level less is not")
        }
    }

    /// Checks that the accessors of a value are consistent. Sets `depth` to the nesting depth of the value.
    private static func check(_ value: JSONValue, depth: inout Int) {
        hold(
            [value.bool == nil, value.double == nil, value.string == nil].filter { !$0 }.count <= 1,
            "a value has one kind"
        )
        switch value.kind {
        case .null: hold(value.isNull, "null is null")
        case .bool: hold(value.bool != nil, "true and false have a value")
        case .number:
            hold(value.double?.isFinite == true, "a number is finite")
            if let integer = value.integer {
                hold(value.double == Double(integer), "an integer and its double are the same number")
            }
        case .string:
            guard let bytes = value.stringBytes, let text = value.string else {
                return hold(false, "a string has text")
            }
            hold(Array(text.utf8) == Array(bytes), "a string and its bytes are the same text")
            hold(value.isString(equalTo: Array(bytes)), "a string equals its own bytes")
            hold(!value.isString(equalTo: Array(bytes) + [0x78]), "a string does not equal a longer one")
        case .array:
            var count = 0
            var deepest = 0
            for element in value.elements {
                count += 1
                var depth = 0
                check(element, depth: &depth)
                deepest = max(deepest, depth)
            }
            hold(count == value.count, "an array's count is the number of its elements")
            depth = deepest + 1
        case .object:
            var seen = Set<[UInt8]>()
            var deepest = 0
            for member in value.members {
                hold(seen.insert(Array(member.key.utf8)).inserted, "no key is repeated")
                hold(value[member.key]?.offset == member.value.offset, "a member is found by its key")
                var depth = 0
                check(member.value, depth: &depth)
                deepest = max(deepest, depth)
            }
            hold(seen.count == value.count, "an object's count is the number of its members")
            depth = deepest + 1
        }
    }

    /// Writes a value without white space, and with other escapes in strings than the input.
    private static func write(_ value: JSONValue, to text: inout [UInt8]) {
        switch value.kind {
        case .null: text += "null".utf8
        case .bool: text += (value.bool == true ? "true" : "false").utf8
        case .number: text += (value.integer.map { "\($0)" } ?? "\(value.double ?? 0)").utf8
        case .string: write(value.string ?? "", to: &text)
        case .array:
            text.append(UInt8(ascii: "["))
            for (index, element) in value.elements.enumerated() {
                if index > 0 { text.append(UInt8(ascii: ",")) }
                write(element, to: &text)
            }
            text.append(UInt8(ascii: "]"))
        case .object:
            text.append(UInt8(ascii: "{"))
            for (index, member) in value.members.enumerated() {
                if index > 0 { text.append(UInt8(ascii: ",")) }
                write(member.key, to: &text)
                text.append(UInt8(ascii: ":"))
                write(member.value, to: &text)
            }
            text.append(UInt8(ascii: "}"))
        }
    }

    private static func write(_ string: String, to text: inout [UInt8]) {
        text.append(UInt8(ascii: "\""))
        for unit in string.utf16 {
            if unit < 0x80, unit >= 0x20, unit != 0x22, unit != 0x5C {
                text.append(UInt8(truncatingIfNeeded: unit))
            } else {
                let digits = String(unit, radix: 16, uppercase: true)
                text += "\\u".utf8
                text += [UInt8](repeating: UInt8(ascii: "0"), count: max(0, 4 - digits.utf8.count))
                text += digits.utf8
            }
        }
        text.append(UInt8(ascii: "\""))
    }

    private static func means(_ one: JSONValue, _ other: JSONValue) -> Bool {
        guard one.kind == other.kind, one.count == other.count else { return false }
        return switch one.kind {
        case .null: true
        case .bool: one.bool == other.bool
        case .number: one.double == other.double
        case .string: one.stringBytes.map(Array.init) == other.stringBytes.map(Array.init)
        case .array: zip(one.elements, other.elements).allSatisfy { means($0, $1) }
        case .object:
            zip(one.members, other.members).allSatisfy {
                $0.key.utf8.elementsEqual($1.key.utf8) && means($0.value, $1.value)
            }
        }
    }
}
