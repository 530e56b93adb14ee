internal import Domain
internal import JSON

/// The JSON bodies of 200 that Convex clients read: keys of objects in the order of their bytes, and every number with a
/// dot, as Convex prints a double. The Python clients refuse a number without one.
enum ActionEnvelope {
    static func success(_ token: GrantedToken) -> [UInt8] {
        let caller = token.caller
        var json = JSONWriter(capacity: 1024)
        json.object { json in
            json.member("status", "success")
            json.object("value") { json in
                json.key("expiresAt")
                json.double(token.expiresAt)
                json.member("success", true)
                json.key("token")
                json.string(unescaped: token.token)
                json.object("user") { json in
                    json.member("id", caller.id.rawValue)
                    if let image = caller.avatarURL { json.member("image", image) }
                    json.member("name", caller.publicName)
                }
                json.member("userId", caller.id.rawValue)
            }
        }
        return json.bytes
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
