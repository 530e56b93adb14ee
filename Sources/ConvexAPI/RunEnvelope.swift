internal import Domain
internal import JSON
internal import Text

/// The JSON bodies of the run endpoint, byte for byte as documented, and of every failure that is not 200.
enum RunEnvelope {
    /// `{"status":"success","errorMessage":"","errorData":{},"value":{...}}`, members in the documented order.
    static func success(_ token: GrantedToken) -> [UInt8] {
        let userID = token.caller.id.rawValue
        var json: [UInt8] = []
        json.reserveCapacity(GrantedToken.responseCapacity)
        json += #"{"status":"success","errorMessage":"","errorData":{},"value":{"token":""#.utf8
        json += token.token
        json += #"","userId":"#.utf8
        JSONWriter.append(string: userID, to: &json)
        json += #","user":{"id":"#.utf8
        JSONWriter.append(string: userID, to: &json)
        json += #","name":"#.utf8
        JSONWriter.append(string: token.caller.publicName, to: &json)
        if let image = token.caller.avatarURL {
            json += #","image":"#.utf8
            JSONWriter.append(string: image, to: &json)
        }
        json += #"},"expiresAt":"#.utf8
        json.append(decimal: token.expiresAt)
        json += #","success":true}}"#.utf8
        return json
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
