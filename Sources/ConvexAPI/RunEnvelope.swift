internal import Domain
internal import JSON

/// The JSON bodies of the run endpoint, byte for byte as documented, and of every failure that is not 200.
enum RunEnvelope {
    /// `{"status":"success","errorMessage":"","errorData":{},"value":{...}}`, members in the documented order.
    static func success(_ token: GrantedToken) -> [UInt8] {
        let caller = token.caller
        var json = JSONWriter(capacity: 1024)
        json.object { json in
            json.member("status", "success")
            json.member("errorMessage", "")
            json.object("errorData") { _ in }
            json.object("value") { json in
                json.key("token")
                json.string(unescaped: token.token)
                json.member("userId", caller.id.rawValue)
                json.object("user") { json in
                    json.member("id", caller.id.rawValue)
                    json.member("name", caller.publicName)
                    if let image = caller.avatarURL { json.member("image", image) }
                }
                json.member("expiresAt", token.expiresAt)
                json.member("success", true)
            }
        }
        return json.bytes
    }

    /// The error envelope: `errorData` is what Connvo's front end reads, `code` and `message` at the top are what Convex
    /// clients need on every response that is not 200.
    static func failure(_ error: ErrorResponse, requestID: String) -> [UInt8] {
        var json = JSONWriter(capacity: 512)
        json.object { json in
            json.member("status", "error")
            json.member("errorMessage", error.message)
            json.object("errorData") { json in
                json.member("code", error.code)
                json.member("message", error.message)
                json.member("statusCode", Int64(error.statusCode))
                if !error.metadata.isEmpty {
                    json.object("metadata") { json in
                        for (name, value) in error.metadata { json.member(name, value) }
                    }
                }
            }
            json.member("code", error.code)
            json.member("message", error.message)
            json.member("requestId", requestID)
        }
        return json.bytes
    }
}
