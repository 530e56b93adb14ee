import Foundation
import Testing

/// A file of exchanges in this folder: the requests, and the bytes with which the server answers them.
struct Recording {
    let name: String
    private(set) var text = ""

    /// Set to write the files instead of comparing with them.
    private static let isRecording = ProcessInfo.processInfo.environment["RECORD_EXCHANGES"] == "1"

    init(_ name: String) {
        self.name = name
    }

    /// Plays `exchanges` one after another.
    mutating func append(_ exchanges: [Exchange], port: Int, names: [String: String]) async throws {
        for exchange in exchanges {
            text += try await exchange.record(port: port, names: names) + "\n"
        }
    }

    /// Compares with the file, or replaces it; see ``isRecording``.
    func check() throws {
        let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appending(path: "Exchanges/\(name).txt")
        if Self.isRecording { return try Data(text.utf8).write(to: file) }
        let expected = Self.exchanges(in: try String(contentsOf: file, encoding: .utf8))
        let found = Self.exchanges(in: text)
        #expect(found.count == expected.count)
        for (found, expected) in zip(found, expected) where found != expected {
            Issue.record("\(name).txt has\n\(expected)\nand the server does\n\(found)")
        }
    }

    private static func exchanges(in text: String) -> [String] { text.components(separatedBy: "\n\n") }
}
