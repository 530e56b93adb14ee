internal import JSON
internal import Text

extension HealthProbe.Answer {
    /// Whether it is the answer of `/livez`.
    var isLife: Bool {
        guard status == 200, let document = try? JSONDocument(parsing: body) else { return false }
        return document.root["status"]?.isString(equalTo: "ok") == true
    }

    /// Why the server is not ready, where the answer of `/readyz?verbose` says so.
    var obstacles: [String] {
        guard let document = try? JSONDocument(parsing: body) else { return [] }
        return document.root["obstacles"]?.elements.compactMap { $0.string?.safe(for: .table) } ?? []
    }
}
