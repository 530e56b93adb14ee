/// What an endpoint sends back, before it becomes HTTP.
package struct EndpointResponse: Sendable {
    /// The status of the HTTP response.
    package let status: Int
    /// A complete text of `contentType`; empty where the status has no body.
    package let body: [UInt8]
    /// As in `Content-Type`.
    package let contentType: String
    /// Beyond the headers that every response carries.
    package let headers: [(String, String)]

    package init(
        status: Int,
        body: [UInt8],
        contentType: String = "application/json; charset=utf-8",
        headers: [(String, String)] = []
    ) {
        self.status = status
        self.body = body
        self.contentType = contentType
        self.headers = headers
    }
}
