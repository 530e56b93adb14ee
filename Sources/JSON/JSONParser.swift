internal import Text

/// Parses one JSON text into nodes, without recursion.
struct JSONParser {
    private let bytes: [UInt8]
    private let maximumDepth: Int
    private var position = 0
    /// The indexes in `nodes` of the containers that are still open, outermost first.
    private var open: [Int] = []
    private(set) var nodes: [JSONNode] = []

    init(_ bytes: [UInt8], maximumDepth: Int) {
        self.bytes = bytes
        self.maximumDepth = maximumDepth
        // Short texts have about one node per eight bytes. The array grows for long texts.
        nodes.reserveCapacity(min(bytes.count / 8 + 1, 4096))
    }

    /// What the grammar permits next.
    private enum Expectation {
        case value
        case elementOrEnd
        case key
        case keyOrEnd
        case commaOrEnd
    }

    mutating func parse() throws(JSONSyntaxError) {
        // Offsets and node indexes are 32 bits. A text has fewer nodes than bytes.
        guard bytes.count < 1 << 30 else { throw JSONSyntaxError(.tooLong, at: 0) }
        guard !bytes.starts(with: [0xEF, 0xBB, 0xBF]) else { throw JSONSyntaxError(.byteOrderMark, at: 0) }
        skipWhitespace()
        guard position < bytes.count else { throw JSONSyntaxError(.emptyInput, at: position) }

        var expected = Expectation.value
        while true {
            skipWhitespace()
            if open.isEmpty, expected == .commaOrEnd {
                guard position == bytes.count else { throw fault(.trailingBytes) }
                return
            }
            guard position < bytes.count else { throw fault(.unexpectedEnd) }
            switch expected {
            case .value, .elementOrEnd:
                expected = try scanValueOrEnd(mayEnd: expected == .elementOrEnd)
            case .key, .keyOrEnd:
                expected = try scanKeyOrEnd(mayEnd: expected == .keyOrEnd)
            case .commaOrEnd:
                expected = try scanCommaOrEnd()
            }
        }
    }

    private mutating func scanValueOrEnd(mayEnd: Bool) throws(JSONSyntaxError) -> Expectation {
        switch bytes[position] {
        case UInt8(ascii: "\""):
            try scanString(isKey: false)
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"):
            try scanNumber()
        case UInt8(ascii: "{"):
            try openContainer(.object)
            return .keyOrEnd
        case UInt8(ascii: "["):
            try openContainer(.array)
            return .elementOrEnd
        case UInt8(ascii: "t"):
            try scanLiteral("true", .bool)
        case UInt8(ascii: "f"):
            try scanLiteral("false", .bool)
        case UInt8(ascii: "n"):
            try scanLiteral("null", .null)
        case UInt8(ascii: "]") where isInside(.array):
            guard mayEnd else { throw fault(.trailingComma) }
            try closeContainer()
        default:
            throw fault(.unexpectedByte)
        }
        return .commaOrEnd
    }

    private mutating func scanKeyOrEnd(mayEnd: Bool) throws(JSONSyntaxError) -> Expectation {
        switch bytes[position] {
        case UInt8(ascii: "\""):
            try scanString(isKey: true)
            skipWhitespace()
            guard position < bytes.count else { throw fault(.unexpectedEnd) }
            guard bytes[position] == UInt8(ascii: ":") else { throw fault(.unexpectedByte) }
            position += 1
            return .value
        case UInt8(ascii: "}"):
            guard mayEnd else { throw fault(.trailingComma) }
            try closeContainer()
            return .commaOrEnd
        default:
            throw fault(.unexpectedByte)
        }
    }

    private mutating func scanCommaOrEnd() throws(JSONSyntaxError) -> Expectation {
        let isArray = isInside(.array)
        switch bytes[position] {
        case UInt8(ascii: ","):
            position += 1
            return isArray ? .value : .key
        case UInt8(ascii: "]") where isArray, UInt8(ascii: "}") where !isArray:
            try closeContainer()
            return .commaOrEnd
        default:
            throw fault(.unexpectedByte)
        }
    }

    // MARK: - Containers

    private func isInside(_ kind: JSONValue.Kind) -> Bool {
        open.last.map { nodes[$0].kind == kind } ?? false
    }

    private mutating func openContainer(_ kind: JSONValue.Kind) throws(JSONSyntaxError) {
        guard open.count < maximumDepth else { throw fault(.tooDeep) }
        addNode(kind, from: position, isKey: false, flag: false)
        open.append(nodes.count - 1)
        position += 1
    }

    private mutating func closeContainer() throws(JSONSyntaxError) {
        position += 1
        guard let index = open.popLast() else { return }
        nodes[index].end = UInt32(truncatingIfNeeded: position)
        nodes[index].next = UInt32(truncatingIfNeeded: nodes.count)
        if nodes[index].kind == .object {
            try refuseDuplicateKeys(of: index)
        }
    }

    /// Adds a node that ends at `position` and counts it in its container.
    private mutating func addNode(_ kind: JSONValue.Kind, from start: Int, isKey: Bool, flag: Bool) {
        if let container = open.last, isKey || nodes[container].kind == .array {
            nodes[container].count &+= 1
        }
        nodes.append(
            JSONNode(
                start: UInt32(truncatingIfNeeded: start),
                end: UInt32(truncatingIfNeeded: position),
                next: UInt32(truncatingIfNeeded: nodes.count + 1),
                count: 0,
                kind: kind,
                flag: flag
            )
        )
    }

    // MARK: - Keys

    /// Small objects are compared pair by pair, without allocating. Large ones use a set, so that the time stays
    /// proportional to the length of the text. Swift seeds its hashes at random, so keys cannot be chosen to collide.
    private func refuseDuplicateKeys(of object: Int) throws(JSONSyntaxError) {
        let count = Int(nodes[object].count)
        guard count > 1 else { return }
        if count <= 16 {
            var later = Int(nodes[object + 1].next)
            later = Int(nodes[later].next)
            while later < nodes[object].next {
                var earlier = object + 1
                while earlier < later {
                    if keysAreEqual(nodes[earlier], nodes[later]) { throw duplicateKey(nodes[later]) }
                    earlier = Int(nodes[earlier + 1].next)
                }
                later = Int(nodes[later + 1].next)
            }
        } else {
            var seen = Set<Key>(minimumCapacity: count)
            var index = object + 1
            while index < nodes[object].next {
                guard seen.insert(Key(bytes: keyBytes(nodes[index]))).inserted else {
                    throw duplicateKey(nodes[index])
                }
                index = Int(nodes[index + 1].next)
            }
        }
    }

    /// The unescaped bytes of a key, hashed in one call.
    private struct Key: Hashable {
        let bytes: ArraySlice<UInt8>

        func hash(into hasher: inout Hasher) {
            bytes.withUnsafeBytes { hasher.combine(bytes: $0) }
        }
    }

    private func keysAreEqual(_ one: JSONNode, _ other: JSONNode) -> Bool {
        if one.flag || other.flag { return keyBytes(one) == keyBytes(other) }
        guard one.end &- one.start == other.end &- other.start else { return false }
        return bytes.withUnsafeBufferPointer { bytes in
            let key = UnsafeBufferPointer(rebasing: bytes[JSONString.content(of: one)])
            return key.hasSameBytes(as: UnsafeBufferPointer(rebasing: bytes[JSONString.content(of: other)]))
        }
    }

    private func keyBytes(_ node: JSONNode) -> ArraySlice<UInt8> {
        node.flag ? JSONString.unescaped(node, in: bytes)[...] : bytes[JSONString.content(of: node)]
    }

    private func duplicateKey(_ node: JSONNode) -> JSONSyntaxError {
        JSONSyntaxError(.duplicateKey, at: Int(node.start), key: String(sanitizing: keyBytes(node), limit: 32))
    }

    // MARK: - Strings

    private mutating func scanString(isKey: Bool) throws(JSONSyntaxError) {
        let start = position
        var hasEscape = false
        position += 1
        while true {
            let next = position
            position = bytes.withUnsafeBytes { JSONString.endOfPlainBytes(from: next, in: $0) }
            guard position < bytes.count else { throw fault(.unexpectedEnd) }
            switch bytes[position] {
            case UInt8(ascii: "\""):
                position += 1
                addNode(.string, from: start, isKey: isKey, flag: hasEscape)
                return
            case UInt8(ascii: "\\"):
                hasEscape = true
                try scanEscape()
            case 0..<0x20:
                throw fault(.controlCharacter)
            default:
                try scanMultibyteScalar()
            }
        }
    }

    /// Scans one escape, or the two escapes of a surrogate pair.
    private mutating func scanEscape() throws(JSONSyntaxError) {
        guard position + 1 < bytes.count else { throw JSONSyntaxError(.unexpectedEnd, at: bytes.count) }
        switch bytes[position + 1] {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"),
            UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
            position += 2
        case UInt8(ascii: "u"):
            let start = position
            let unit = try scanUnicodeEscape()
            switch unit {
            case 0xDC00...0xDFFF:
                throw JSONSyntaxError(.loneSurrogate, at: start)
            case 0xD800...0xDBFF:
                guard position + 1 < bytes.count, bytes[position] == UInt8(ascii: "\\"),
                    bytes[position + 1] == UInt8(ascii: "u")
                else { throw JSONSyntaxError(.loneSurrogate, at: start) }
                let low = try scanUnicodeEscape()
                guard 0xDC00...0xDFFF ~= low else { throw JSONSyntaxError(.loneSurrogate, at: start) }
            default:
                break
            }
        default:
            throw fault(.invalidEscape)
        }
    }

    /// Scans the `\uXXXX` at `position` and returns its value.
    private mutating func scanUnicodeEscape() throws(JSONSyntaxError) -> UInt32 {
        guard position + 6 <= bytes.count else { throw JSONSyntaxError(.unexpectedEnd, at: bytes.count) }
        guard let unit = JSONString.codeUnit(at: position + 2, in: bytes) else { throw fault(.invalidEscape) }
        position += 6
        return unit
    }

    /// Scans one scalar of two to four bytes, by the table of well-formed sequences (Unicode 15, table 3-7).
    private mutating func scanMultibyteScalar() throws(JSONSyntaxError) {
        let length: Int
        let second: ClosedRange<UInt8>
        switch bytes[position] {
        case 0xC2...0xDF: (length, second) = (2, 0x80...0xBF)
        case 0xE0: (length, second) = (3, 0xA0...0xBF)
        case 0xE1...0xEC, 0xEE...0xEF: (length, second) = (3, 0x80...0xBF)
        case 0xED: (length, second) = (3, 0x80...0x9F)
        case 0xF0: (length, second) = (4, 0x90...0xBF)
        case 0xF1...0xF3: (length, second) = (4, 0x80...0xBF)
        case 0xF4: (length, second) = (4, 0x80...0x8F)
        default: throw fault(.invalidUTF8)
        }
        guard position + length <= bytes.count, second ~= bytes[position + 1] else { throw fault(.invalidUTF8) }
        for index in position + 2..<position + max(2, length) {
            guard 0x80...0xBF ~= bytes[index] else { throw fault(.invalidUTF8) }
        }
        position += length
    }

    // MARK: - Numbers and literals

    private mutating func scanNumber() throws(JSONSyntaxError) {
        let start = position
        var isInteger = true
        var hasExponent = false
        if bytes[position] == UInt8(ascii: "-") { position += 1 }
        let firstDigit = position
        try scanDigits()
        let integerDigits = position - firstDigit
        if integerDigits > 1, bytes[firstDigit] == UInt8(ascii: "0") {
            throw JSONSyntaxError(.leadingZero, at: firstDigit)
        }
        if position < bytes.count, bytes[position] == UInt8(ascii: ".") {
            isInteger = false
            position += 1
            try scanDigits()
        }
        if position < bytes.count, bytes[position] == UInt8(ascii: "e") || bytes[position] == UInt8(ascii: "E") {
            isInteger = false
            hasExponent = true
            position += 1
            if position < bytes.count, bytes[position] == UInt8(ascii: "+") || bytes[position] == UInt8(ascii: "-") {
                position += 1
            }
            try scanDigits()
        }
        // Without an exponent, a number of up to 308 integer digits is below 1.8e308, the largest double.
        if hasExponent || integerDigits > 308 {
            guard JSONNumber.double(bytes[start..<position]) != nil else {
                throw JSONSyntaxError(.numberOutOfRange, at: start)
            }
        }
        addNode(.number, from: start, isKey: false, flag: isInteger)
    }

    /// Scans one or more digits.
    private mutating func scanDigits() throws(JSONSyntaxError) {
        guard position < bytes.count else { throw fault(.unexpectedEnd) }
        guard bytes[position].isDigit else { throw fault(.invalidNumber) }
        while position < bytes.count, bytes[position].isDigit { position += 1 }
    }

    private mutating func scanLiteral(_ literal: StaticString, _ kind: JSONValue.Kind) throws(JSONSyntaxError) {
        let start = position
        for offset in 0..<literal.utf8CodeUnitCount {
            guard position < bytes.count else { throw fault(.unexpectedEnd) }
            guard bytes[position] == literal.withUTF8Buffer({ $0[offset] }) else { throw fault(.unexpectedByte) }
            position += 1
        }
        addNode(kind, from: start, isKey: false, flag: false)
    }

    // MARK: - Between tokens

    private mutating func skipWhitespace() {
        while position < bytes.count {
            switch bytes[position] {
            case UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: "\n"), UInt8(ascii: "\r"): position += 1
            default: return
            }
        }
    }

    private func fault(_ reason: JSONSyntaxError.Reason) -> JSONSyntaxError {
        JSONSyntaxError(reason, at: position)
    }
}
