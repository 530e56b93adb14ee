/// What an endpoint sends back, before it becomes HTTP.
package struct EndpointResponse: Sendable {
    /// The status of the HTTP response.
    package let status: Int
    /// A complete JSON text; empty where the status has no body.
    package let body: [UInt8]
    /// Beyond the headers that every response carries.
    package let headers: [(String, String)]

    package init(status: Int, body: [UInt8], headers: [(String, String)] = []) {
        self.status = status
        self.body = body
        self.headers = headers
    }
}
