internal import FoundationEssentials
internal import JOSE

/// The description of the API, as the public listener serves it: for tools, and for people.
///
/// openapi.yaml is written by hand; `scripts/openapi` makes the other two of it.
enum APIDescription {
    /// The three documents by their routes.
    static func pages() -> [RouteLabel: Page] {
        [
            // RFC 9512 has no parameter for the character set: YAML is Unicode.
            .openAPIYAML: data(EmbeddedDocuments.text(of: "openapi.yaml"), "application/yaml"),
            .openAPIJSON: data(EmbeddedPages.text(of: "share/api/openapi.json"), "application/json; charset=utf-8"),
            .docs: page(EmbeddedPages.text(of: "share/api/docs.html")),
        ]
    }

    private static func data(_ text: String, _ contentType: String) -> Page {
        .document(
            Document(
                text,
                contentType: contentType,
                contentSecurityPolicy: "default-src 'none'; frame-ancestors 'none'"
            )
        )
    }

    private static func page(_ html: String) -> Page {
        .document(
            Document(
                html,
                contentType: "text/html; charset=utf-8",
                contentSecurityPolicy: contentSecurityPolicy(of: html)
            )
        )
    }

    /// Allows a page its own style sheet and script, by their hashes, and calls of this server; nothing else.
    static func contentSecurityPolicy(of html: String) -> String {
        """
        default-src 'none'; style-src \(sources(html, "style")); script-src \(sources(html, "script")); \
        connect-src 'self'; form-action 'none'; frame-ancestors 'none'; base-uri 'none'
        """
    }

    /// What is in each element of this name, as CSP names it: the hash of the bytes between the tags, which have no
    /// attributes.
    private static func sources(_ html: String, _ element: String) -> String {
        let rests = html.split(separator: "<\(element)>", omittingEmptySubsequences: false).dropFirst()
        let hashes = rests.map { rest in
            let content = rest.prefix(upTo: rest.firstRange(of: "</\(element)>")?.lowerBound ?? rest.endIndex)
            return "'sha256-\(Data(SHA256.hash(Array(content.utf8))).base64EncodedString())'"
        }
        return hashes.isEmpty ? "'none'" : hashes.joined(separator: " ")
    }
}
