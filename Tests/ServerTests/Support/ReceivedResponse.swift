import Foundation

/// A response as it was received.
struct ReceivedResponse: Sendable {
    let version: String
    let status: Int
    /// Names in lower case, in the order of the response.
    let headers: [(name: String, value: String)]
    let body: [UInt8]
    /// Head and body as they came, chunk sizes included.
    let raw: [UInt8]

    var text: String { String(decoding: body, as: UTF8.self) }

    /// The value of a header that occurs exactly once.
    subscript(_ name: String) -> String? {
        let values = headers.filter { $0.name == name }.map(\.value)
        return values.count == 1 ? values[0] : nil
    }

    var closes: Bool { self["connection"]?.lowercased() == "close" }

    func decode<Value: Decodable>(_ type: Value.Type = Value.self) throws -> Value {
        try JSONDecoder().decode(type, from: Data(body))
    }
}

/// The error response of docs/errors.md.
struct FailureBody: Decodable {
    struct ErrorData: Decodable {
        let code: String
        let message: String
        let statusCode: Int
        let metadata: [String: String]?
    }

    let status: String
    let errorMessage: String
    let errorData: ErrorData
    let code: String
    let message: String
    let requestId: String
}

/// A 200 that reports the failure of a function, as Convex clients decode it.
struct ConvexFailureBody: Decodable {
    let status: String
    let errorMessage: String
    let errorData: FailureBody.ErrorData?
}

/// The success response of the API specification.
struct SuccessBody: Decodable {
    struct Value: Decodable {
        struct User: Decodable {
            let id: String
            let name: String
            let image: String?
        }

        let token: String
        let userId: String
        let user: User
        let expiresAt: Int64
        let success: Bool
    }

    let status: String
    let value: Value
}
