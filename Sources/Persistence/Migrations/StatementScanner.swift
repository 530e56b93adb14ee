/// Finds where the statements of an SQL text begin, as PostgreSQL reads it: comments, quoted text, dollar quotes,
/// parentheses and bodies in `BEGIN ATOMIC ... END` do not end a statement.
///
/// It assumes `standard_conforming_strings = on`, which the migrator sets. What does not end (a comment, a string, a
/// parenthesis) runs to the end of the text: the server refuses such a text as a whole, before it executes any of it.
///
/// PostgreSQL 15 manual, 4.1 "Lexical Structure"; `src/backend/parser/scan.l`; for bodies, psql's `psqlscan.l`.
struct StatementScanner {
    /// The beginning of a statement.
    struct Statement: Hashable {
        /// Its first words, in upper case, at most ``StatementScanner/wordLimit``. A word that stands behind another
        /// token (a parenthesis, a string) is not among them.
        var words: [String] = []
        /// Where its first word stands, in bytes.
        var offset: Int
    }

    /// As many as tell transaction control from other statements.
    private static let wordLimit = 2

    private let text: UnsafeBufferPointer<UInt8>
    private var position = 0
    private var statements: [Statement] = []

    /// The statement that is being read; nil between two.
    private var current: Statement?
    /// Whether only words were read of it.
    private var hasOnlyWords = true
    private var parentheses = 0
    /// How many BEGIN ATOMIC and CASE of a function's body are open.
    private var bodyDepth = 0
    private var previousWord = ""
    /// Whether the token before was a full stop, so that a word is the name of a column.
    private var followsStop = false

    private init(_ text: UnsafeBufferPointer<UInt8>) {
        self.text = text
    }

    /// The statements of `sql`, in order; empty ones are left out.
    static func statements(of sql: String) -> [Statement] {
        var sql = sql
        return sql.withUTF8 { text in
            var scanner = StatementScanner(text)
            return scanner.scan()
        }
    }

    private mutating func scan() -> [Statement] {
        while position < text.count {
            let byte = text[position]
            switch byte {
            case UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: "\n"), UInt8(ascii: "\r"), 0x0B, 0x0C:
                position += 1
            case UInt8(ascii: "-") where next == UInt8(ascii: "-"):
                skipLine()
            case UInt8(ascii: "/") where next == UInt8(ascii: "*"):
                skipComment()
            case UInt8(ascii: "'"), UInt8(ascii: "\""):
                beginToken()
                skipQuoted(by: byte)
            case UInt8(ascii: "$"):
                beginToken()
                skipDollarQuoted()
            case UInt8(ascii: ";"):
                readSemicolon()
            case _ where Self.beginsWord(byte):
                readWord()
            default:
                readSymbol(byte)
            }
        }
        endStatement()
        return statements
    }

    private var next: UInt8? { position + 1 < text.count ? text[position + 1] : nil }

    static func beginsWord(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: "_") || byte >= 0x80
            || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
            || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte)
    }

    private static func isDigit(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }

    private static func continuesWord(_ byte: UInt8) -> Bool {
        beginsWord(byte) || isDigit(byte) || byte == UInt8(ascii: "$")
    }
}

// MARK: - Statements

extension StatementScanner {
    /// A token that is no word.
    private mutating func beginToken() {
        if current == nil { current = Statement(offset: position) }
        hasOnlyWords = false
        followsStop = false
        previousWord = ""
    }

    private mutating func endStatement() {
        if let current { statements.append(current) }
        current = nil
        hasOnlyWords = true
        parentheses = 0
        bodyDepth = 0
        previousWord = ""
        followsStop = false
    }

    private mutating func readSemicolon() {
        position += 1
        if parentheses == 0, bodyDepth == 0 {
            endStatement()
        } else {
            previousWord = ""
            followsStop = false
        }
    }

    private mutating func readSymbol(_ byte: UInt8) {
        beginToken()
        if byte == UInt8(ascii: "(") { parentheses += 1 }
        if byte == UInt8(ascii: ")") { parentheses = max(0, parentheses - 1) }
        followsStop = byte == UInt8(ascii: ".")
        position += 1
    }

    private mutating func readWord() {
        let start = position
        while position < text.count, Self.continuesWord(text[position]) { position += 1 }
        if current == nil { current = Statement(offset: start) }
        if position < text.count, text[position] == UInt8(ascii: "'") {
            // N'...', B'...' and X'...' are read as plain strings are.
            let isEscaped = position == start + 1 && text[start] | 0x20 == UInt8(ascii: "e")
            beginToken()
            skipQuoted(by: UInt8(ascii: "'"), isEscaped: isEscaped)
            return
        }
        // Long words decide nothing.
        let word = position - start > 12 ? "?" : String(decoding: text[start..<position], as: UTF8.self).uppercased()
        if hasOnlyWords, let count = current?.words.count, count < Self.wordLimit { current?.words.append(word) }
        readBody(word)
        previousWord = word
        followsStop = false
    }

    /// Follows the body of a function. A word behind AS or a full stop is the name of a column.
    private mutating func readBody(_ word: String) {
        guard !followsStop, previousWord != "AS" else { return }
        switch word {
        case "ATOMIC" where previousWord == "BEGIN" && bodyDepth == 0 && current?.words.first == "CREATE":
            bodyDepth = 1
        case "CASE" where bodyDepth > 0:
            bodyDepth += 1
        case "END" where bodyDepth > 0:
            bodyDepth -= 1
        default:
            break
        }
    }
}

// MARK: - Comments and quoted text

extension StatementScanner {
    private mutating func skipLine() {
        while position < text.count, text[position] != UInt8(ascii: "\n"), text[position] != UInt8(ascii: "\r") {
            position += 1
        }
    }

    /// Comments nest.
    private mutating func skipComment() {
        var depth = 0
        while position < text.count {
            if text[position] == UInt8(ascii: "/"), next == UInt8(ascii: "*") {
                depth += 1
                position += 2
            } else if text[position] == UInt8(ascii: "*"), next == UInt8(ascii: "/") {
                depth -= 1
                position += 2
                if depth == 0 { return }
            } else {
                position += 1
            }
        }
    }

    /// - Parameter isEscaped: Whether a backslash escapes what follows it: `E'...'`.
    private mutating func skipQuoted(by quote: UInt8, isEscaped: Bool = false) {
        repeat {
            position += 1
            while position < text.count {
                if text[position] == UInt8(ascii: "\\"), isEscaped {
                    position += 2
                } else if text[position] != quote {
                    position += 1
                } else if next == quote {
                    position += 2
                } else {
                    position += 1
                    break
                }
            }
        } while isEscaped && skipToContinuation()
        position = min(position, text.count)
    }

    /// A string goes on behind white space with a line end in it, with the same rules.
    ///
    /// - Returns: False, without having moved, when it does not go on.
    private mutating func skipToContinuation() -> Bool {
        let start = position
        var hasLineEnd = false
        while position < text.count {
            switch text[position] {
            case UInt8(ascii: "\n"), UInt8(ascii: "\r"):
                hasLineEnd = true
                position += 1
            case UInt8(ascii: " "), UInt8(ascii: "\t"), 0x0B, 0x0C:
                position += 1
            case UInt8(ascii: "-") where next == UInt8(ascii: "-"):
                skipLine()
            case UInt8(ascii: "'") where hasLineEnd:
                return true
            default:
                position = start
                return false
            }
        }
        position = start
        return false
    }

    /// `$$...$$` and `$word$...$word$`. Any other dollar sign, as in `$1`, is skipped alone.
    private mutating func skipDollarQuoted() {
        let start = position
        position += 1
        if position < text.count, Self.beginsWord(text[position]) {
            while position < text.count, Self.continuesWord(text[position]), text[position] != UInt8(ascii: "$") {
                position += 1
            }
        }
        guard position < text.count, text[position] == UInt8(ascii: "$") else {
            position = start + 1
            return
        }
        position += 1
        let tag = text[start..<position]
        while position + tag.count <= text.count {
            if text[position] == UInt8(ascii: "$"), text[position..<position + tag.count].elementsEqual(tag) {
                position += tag.count
                return
            }
            position += 1
        }
        position = text.count
    }
}
