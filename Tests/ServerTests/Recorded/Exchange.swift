import Foundation
import JOSE
import Testing

/// One conversation on a connection of its own, and its text as the recording keeps it.
struct Exchange: Sendable {
    enum Step: Sendable {
        case send([UInt8])
        /// Reads one response to a request of this method.
        case receive(String)
        /// Says that no more bytes will come.
        case finishSending
        /// Reads until the server closes: the last step.
        case receiveRest
    }

    let name: String
    let steps: [Step]

    init(_ name: String, steps: [Step]) {
        self.name = name
        self.steps = steps
    }

    /// One request and its response.
    init(_ name: String, _ request: WireRequest) {
        self.init(name, steps: [.send(request.bytes), .receive(request.method)])
    }

    /// Requests that are sent in one piece, and their responses in order.
    init(_ name: String, pipelined requests: [WireRequest], receiving count: Int? = nil) {
        self.init(
            name,
            steps: [.send(requests.flatMap(\.bytes))] + requests.prefix(count ?? .max).map { .receive($0.method) }
        )
    }

    /// Plays the exchange against a server.
    ///
    /// - Parameter names: What stands in the recording for text that differs from run to run, such as bearer tokens.
    func record(port: Int, names: [String: String]) async throws -> String {
        let connection = try await HTTPConnection.open(port: port)
        var text = "## \(name)\n"
        for step in steps {
            switch step {
            case .send(let bytes):
                try await connection.send(bytes)
                text += lines(of: bytes, prefix: "> ", names)
            case .receive(let method):
                let response = try await connection.answer(to: method)
                text += lines(of: response.raw, prefix: "< ", names)
                if let token = Self.token(in: response) { text += Self.text(of: token) }
            case .finishSending:
                connection.finishSending()
            case .receiveRest:
                let rest = try await connection.rest()
                #expect(rest.closed, "\(name)")
                return text + lines(of: rest.bytes, prefix: "< ", names) + "= closed\n"
            }
        }
        let next = WireRequest("GET", "/livez").adding("X-Request-Id", "next").adding("Connection", "close")
        try await connection.send(next.bytes)
        let rest = try await connection.rest()
        #expect(rest.closed, "\(name)")
        let isOpen = String(decoding: rest.bytes, as: UTF8.self).hasPrefix("HTTP/1.1 200 OK\r\n")
        #expect(isOpen || rest.bytes.isEmpty, "\(name): \(String(decoding: rest.bytes, as: UTF8.self))")
        return text + (isOpen ? "= open\n" : "= closed\n")
    }

    // MARK: Text

    private func lines(of bytes: [UInt8], prefix: String, _ names: [String: String]) -> String {
        // One scalar for each byte, so that nothing is lost; what is not printable ASCII is escaped below.
        var text = String(String.UnicodeScalarView(bytes.map { Unicode.Scalar($0) }))
        for (value, name) in names { text = text.replacingOccurrences(of: value, with: "{\(name)}") }
        for (pattern, replacement) in Self.patterns + (name.hasSuffix("/version") ? Self.versionPatterns : []) {
            text = text.replacingOccurrences(of: pattern, with: replacement, options: .regularExpression)
        }
        // Scalars, because CR LF is one Character.
        return text.unicodeScalars.split(separator: "\n", omittingEmptySubsequences: false).enumerated()
            .map { index, line in
                (index == 0 ? "" : "\\n\n") + (line.isEmpty ? "" : prefix + Self.escaped(line))
            }
            .joined()
            + (bytes.last == 10 ? "" : "\n")
    }

    private static let patterns = [
        ("Date: [A-Z][a-z]{2}, [0-9]{2} [A-Z][a-z]{2} [0-9]{4} [0-9:]{8} GMT", "Date: {date}"),
        ("[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}", "{uuid}"),
        (#""token":"[A-Za-z0-9_.-]+""#, #""token":"{token}""#),
        (#""expiresAt":[0-9]{10}"#, #""expiresAt":{expiresAt}"#),
        // How long a caller has to wait depends on the second at which the first request came.
        ("HTTP/1.1 429 (.*\r\n(.*\r\n)*)Retry-After: [0-9]{1,2}\r\n", "HTTP/1.1 429 $1Retry-After: {seconds}\r\n"),
    ]

    /// The version of the server, and how long it is.
    private static let versionPatterns = [
        ("Content-Length: [0-9]{1,2}\r\n", "Content-Length: {length}\r\n"),
        ("\r\n\r\n[0-9]+\\.[0-9]+\\.[^\r\n{]*$", "\r\n\r\n{version}"),
    ]

    private static func escaped(_ line: Substring.UnicodeScalarView) -> String {
        var result = ""
        var rest = line
        while let first = rest.first {
            let run = rest.prefix { $0 == first }
            if run.count > 64 {
                result += "{\(run.count) times \(first.escaped(asASCII: true))}"
                rest = rest.dropFirst(run.count)
                continue
            }
            rest = rest.dropFirst()
            switch first {
            case "\r": result += "\\r"
            case "\\": result += "\\\\"
            case " "..."~": result.unicodeScalars.append(first)
            default:
                let digits = String(first.value, radix: 16)
                result += "\\x" + (digits.count < 2 ? "0" : "") + digits
            }
        }
        return result
    }

    private static func token(in response: ReceivedResponse) -> String? {
        guard let start = response.text.range(of: #""token":""#)?.upperBound else { return nil }
        return String(response.text[start...].prefix { $0 != "\"" })
    }

    /// Header and claims of a token; its signature depends on the secret of the run.
    private static func text(of token: String) -> String {
        token.split(separator: ".").prefix(2)
            .map { segment in
                let json = String(decoding: Base64URL.decode(Array(segment.utf8)) ?? [], as: UTF8.self)
                return "# "
                    + json.replacingOccurrences(
                        of: #""jti":"[0-9a-f-]{36}""#,
                        with: #""jti":"{uuid}""#,
                        options: .regularExpression
                    )
                    .replacingOccurrences(of: ":[0-9]{10}", with: ":{seconds}", options: .regularExpression) + "\n"
            }
            .joined()
    }
}
