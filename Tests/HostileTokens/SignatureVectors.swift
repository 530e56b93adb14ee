internal import Foundation

/// The vectors from Tests/Vectors/generate.py: each signature has one fault, at the layer of JWS.
package enum SignatureVectors {
    private struct File: Decodable {
        let groups: [Group]
    }

    /// Vectors with the same key set.
    package struct Group: Decodable, CustomStringConvertible, Sendable {
        package let name: String
        /// The text of a key set.
        package let keys: String
        package let cases: [Case]

        package var description: String { name }
    }

    /// One token in compact form, and whether its signature is valid.
    package struct Case: Decodable, Sendable {
        package enum Result: String, Decodable, Sendable {
            case valid, invalid
        }

        package let comment: String
        package let jws: String
        package let result: Result
    }

    /// All groups, or the error of reading the files.
    package static let groups = Result {
        let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appending(path: "../Vectors")
        return try ["padding", "schemes", "encodings", "confusion"].flatMap { name in
            let file = folder.appending(path: "\(name).json")
            return try JSONDecoder().decode(File.self, from: Data(contentsOf: file)).groups
        }
    }
}
