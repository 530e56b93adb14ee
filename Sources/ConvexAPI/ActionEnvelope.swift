internal import Domain
internal import JSON
internal import Text

/// The JSON bodies of 200 that Convex clients read: keys of objects in the order of their bytes, and every number with a
/// dot, as Convex prints a double. The Python clients refuse a number without one.
enum ActionEnvelope {
    static func success(_ token: GrantedToken) -> [UInt8] {
        let userID = token.caller.id.rawValue
        var json: [UInt8] = []
        json.reserveCapacity(GrantedToken.responseCapacity)
        json += #"{"status":"success","value":{"expiresAt":"#.utf8
        json.append(decimal: token.expiresAt)
        json += #".0,"success":true,"token":""#.utf8
        json += token.token
        json += #"","user":{"id":"#.utf8
        JSONWriter.append(string: userID, to: &json)
        if let image = token.caller.avatarURL {
            json += #","image":"#.utf8
            JSONWriter.append(string: image, to: &json)
        }
        json += #","name":"#.utf8
        JSONWriter.append(string: token.caller.publicName, to: &json)
        json += #"},"userId":"#.utf8
        JSONWriter.append(string: userID, to: &json)
        json += "}}".utf8
        return json
    }

    /// A failure of the function. `errorData` is what makes clients throw a `ConvexError`; where no function was found,
    /// there is none, as at Convex.
    static func failure(_ error: ErrorResponse) -> [UInt8] {
        var json = JSONWriter(capacity: 512)
        json.object { json in
            json.member("status", "error")
            json.member("errorMessage", error.message)
            if error.origin == .function {
                json.object("errorData") { json in
                    json.member("code", error.code)
                    json.member("message", error.message)
                    if !error.metadata.isEmpty {
                        json.object("metadata") { json in
                            for (name, value) in error.metadata.sorted(by: { $0.name < $1.name }) {
                                json.member(name, value)
                            }
                        }
                    }
                    json.key("statusCode")
                    json.double(Int64(error.statusCode))
                }
            }
        }
        return json.bytes
    }
}
