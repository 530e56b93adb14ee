internal import Text

/// The variables of a `.env` file, in the syntax of Docker Compose without its substitutions (decision 0019).
///
/// A value that Docker Compose, a shell, systemd or the dotenv libraries would read differently from one another is a
/// fault, not a guess. Faults never quote the line: it may hold a secret.
struct EnvironmentFile {
    struct Variable: Equatable {
        let name: String
        /// The number of its line, from 1.
        let line: Int
        let value: String
    }

    struct Fault: Error, Equatable {
        let line: Int
        /// The variable, when the line names one.
        var name: String?
        let problem: String
        let remedy: String
    }

    private(set) var variables: [Variable] = []
    private(set) var faults: [Fault] = []

    /// Reads the whole file.
    ///
    /// - Parameter concerns: Whether a name is one of ours. The values of other programs' variables may be what these
    ///   like, several lines in quotation marks included, and are passed over.
    init(_ bytes: [UInt8], concerns: (String) -> Bool) {
        var scanner = Scanner(bytes)
        while let line = scanner.nextVariable(concerns: concerns) {
            switch line {
            case .success(let variable): add(variable)
            case .failure(let fault): faults.append(fault)
            }
        }
    }

    private mutating func add(_ variable: Variable) {
        if let first = variables.first(where: { $0.name == variable.name }) {
            faults.append(
                Fault(
                    line: variable.line,
                    name: variable.name,
                    problem: "sets \(variable.name) again, which line \(first.line) has set",
                    remedy: "keep one of the two lines"
                )
            )
        } else {
            variables.append(variable)
        }
    }
}

/// Goes through the bytes line by line.
private struct Scanner {
    private let bytes: [UInt8]
    private var offset = 0
    private var line = 1

    private static let byteOrderMark: [UInt8] = [0xEF, 0xBB, 0xBF]

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
        if bytes.starts(with: Self.byteOrderMark) { offset = Self.byteOrderMark.count }
    }

    /// The next variable that concerns us, or the next fault; nil at the end of the file.
    mutating func nextVariable(
        concerns: (String) -> Bool
    ) -> Result<EnvironmentFile.Variable, EnvironmentFile.Fault>? {
        while offset < bytes.count {
            skipBlanks()
            guard !isAtLineEnd, current != UInt8(ascii: "#") else {
                skipLine()
                continue
            }
            let start = line
            guard let name = readName() else {
                skipLine()
                return .failure(
                    EnvironmentFile.Fault(
                        line: start,
                        problem: "is not of the form NAME=value",
                        remedy: "write NAME=value, or begin the line with #"
                    )
                )
            }
            guard concerns(name) else {
                skipValueOfOthers()
                skipLine()
                continue
            }
            let value = readValue()
            skipLine()
            switch value {
            case .success(let text):
                return .success(EnvironmentFile.Variable(name: name, line: start, value: text))
            case .failure(let fault):
                return .failure(
                    EnvironmentFile.Fault(line: start, name: name, problem: fault.problem, remedy: fault.remedy)
                )
            }
        }
        return nil
    }

    private struct ValueFault: Error {
        let problem: String
        var remedy = ValueFault.quote

        static let quote = "put the value in single quotation marks"
    }

    // MARK: Lines

    private var current: UInt8? { offset < bytes.count ? bytes[offset] : nil }

    private func byte(after count: Int) -> UInt8? {
        offset + count < bytes.count ? bytes[offset + count] : nil
    }

    /// Whether the line ends here: LF, CR LF, or the end of the file. A CR alone is no line end.
    private var isAtLineEnd: Bool {
        switch current {
        case nil, UInt8(ascii: "\n"): true
        case UInt8(ascii: "\r"): byte(after: 1) == UInt8(ascii: "\n")
        default: false
        }
    }

    private static func isBlank(_ byte: UInt8?) -> Bool { byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") }

    private mutating func skipBlanks() {
        while Self.isBlank(current) { offset += 1 }
    }

    private mutating func skipLine() {
        while let byte = current {
            offset += 1
            if byte == UInt8(ascii: "\n") {
                line += 1
                return
            }
        }
    }

    // MARK: Names

    /// Reads `NAME=`, with `export` before it or not, and with blanks around `=` or not. Nil when that is not there.
    private mutating func readName() -> String? {
        var name = readWord()
        if name == "export", Self.isBlank(current) {
            skipBlanks()
            name = readWord()
        }
        skipBlanks()
        guard let first = name.utf8.first, !first.isDigit, current == UInt8(ascii: "=") else { return nil }
        offset += 1
        return name
    }

    private mutating func readWord() -> String {
        let start = offset
        while let byte = current, byte.isIdentifierCharacter, byte != UInt8(ascii: "-") { offset += 1 }
        return String(decoding: bytes[start..<offset], as: UTF8.self)
    }

    // MARK: Values

    private mutating func readValue() -> Result<String, ValueFault> {
        skipBlanks()
        let value: Result<[UInt8], ValueFault>
        switch current {
        case UInt8(ascii: "'"): value = readSingleQuoted().flatMap { isAtEndOfValue($0) }
        case UInt8(ascii: "\""): value = readDoubleQuoted().flatMap { isAtEndOfValue($0) }
        default: value = readUnquoted()
        }
        return value.flatMap { value in
            guard let text = String(validating: value, as: UTF8.self) else {
                return .failure(ValueFault(problem: "is not text in UTF-8", remedy: "save the file in UTF-8"))
            }
            return .success(text)
        }
    }

    /// Up to the next quotation mark; everything between is the value.
    private mutating func readSingleQuoted() -> Result<[UInt8], ValueFault> {
        offset += 1
        let start = offset
        while !isAtLineEnd, let byte = current {
            if byte == UInt8(ascii: "'") {
                let value = Array(bytes[start..<offset])
                offset += 1
                // Docker Compose takes \' for a quotation mark in the value, a shell for its end.
                if value.last == UInt8(ascii: "\\") {
                    return .failure(
                        ValueFault(
                            problem: "has a backslash before a single quotation mark",
                            remedy: "put the value in double quotation marks, and write \\\\ for a backslash"
                        )
                    )
                }
                return .success(value)
            }
            offset += 1
        }
        return .failure(Self.unclosed)
    }

    /// `\"` and `\\` stand for a quotation mark and a backslash.
    private mutating func readDoubleQuoted() -> Result<[UInt8], ValueFault> {
        offset += 1
        var value: [UInt8] = []
        while !isAtLineEnd, let byte = current {
            offset += 1
            switch byte {
            case UInt8(ascii: "\""):
                return .success(value)
            case UInt8(ascii: "\\"):
                guard !isAtLineEnd, let escaped = current else { return .failure(Self.unclosed) }
                guard escaped == UInt8(ascii: "\"") || escaped == UInt8(ascii: "\\") else {
                    return .failure(
                        ValueFault(
                            problem: "has a backslash before something else than \" and \\",
                            remedy: "put the value in single quotation marks, or write \\\\ for a backslash"
                        )
                    )
                }
                value.append(escaped)
                offset += 1
            case UInt8(ascii: "$"), UInt8(ascii: "`"):
                return .failure(Self.substitution(byte))
            default:
                value.append(byte)
            }
        }
        return .failure(Self.unclosed)
    }

    /// Up to the end of the line, or to a `#` after a blank; without the blanks at the end.
    private mutating func readUnquoted() -> Result<[UInt8], ValueFault> {
        if current == UInt8(ascii: "#") {
            return .failure(
                ValueFault(
                    problem: "begins with #, which some programs take for a comment and others for the value",
                    remedy: "put the value in single quotation marks, or write the comment on a line of its own"
                )
            )
        }
        let start = offset
        var end = offset
        while !isAtLineEnd, let byte = current {
            switch byte {
            case UInt8(ascii: "#") where offset > end:
                return .success(Array(bytes[start..<end]))
            case UInt8(ascii: "$"), UInt8(ascii: "`"):
                return .failure(Self.substitution(byte))
            case UInt8(ascii: "\\"):
                return .failure(ValueFault(problem: "has a backslash outside quotation marks"))
            case UInt8(ascii: "'"), UInt8(ascii: "\""):
                return .failure(
                    ValueFault(
                        problem: "has a quotation mark inside a value that does not begin with one",
                        remedy: "put the whole value in quotation marks"
                    )
                )
            default:
                break
            }
            offset += 1
            if !Self.isBlank(byte) { end = offset }
        }
        return .success(Array(bytes[start..<end]))
    }

    /// After a closing quotation mark there may be a comment, after a blank.
    private mutating func isAtEndOfValue(_ value: [UInt8]) -> Result<[UInt8], ValueFault> {
        let start = offset
        skipBlanks()
        if isAtLineEnd || (offset > start && current == UInt8(ascii: "#")) { return .success(value) }
        return .failure(
            ValueFault(
                problem: "has text after its closing quotation mark",
                remedy: "put the whole value in one pair of quotation marks"
            )
        )
    }

    private static let unclosed = ValueFault(
        problem: "has no closing quotation mark",
        remedy: "close it on the same line"
    )

    private static func substitution(_ byte: UInt8) -> ValueFault {
        let sign = byte == UInt8(ascii: "$") ? "$" : "`"
        return ValueFault(
            problem: "has a \(sign) outside single quotation marks, which nothing is substituted for here"
        )
    }

    /// Passes over a value with its line ends, when they are in quotation marks.
    private mutating func skipValueOfOthers() {
        skipBlanks()
        guard let quote = current, quote == UInt8(ascii: "'") || quote == UInt8(ascii: "\"") else { return }
        let start = (offset: offset, line: line)
        offset += 1
        while let byte = current {
            offset += 1
            if byte == quote { return }
            if byte == UInt8(ascii: "\n") { line += 1 }
            if byte == UInt8(ascii: "\\"), let escaped = current {
                offset += 1
                if escaped == UInt8(ascii: "\n") { line += 1 }
            }
        }
        // It is closed nowhere: then it was one line.
        (offset, line) = start
    }
}
