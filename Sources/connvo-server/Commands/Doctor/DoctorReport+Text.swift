internal import Text

/// The report for people.
extension DoctorReport {
    /// Without a final line end.
    ///
    /// - Parameter isColored: Whether levels have a color, for a terminal.
    func text(isColored: Bool) -> String {
        (settingLines + checkLines(isColored: isColored) + ["", conclusion]).joined(separator: "\n")
    }

    private var settingLines: [String] {
        guard !settings.isEmpty else { return [] }
        let rows = settings.map { entry in [entry.setting.name, Self.source(of: entry), Self.value(of: entry)] }
        let widths = (0..<2).map { column in rows.map { $0[column].count }.max() ?? 0 }
        let lines = rows.map { row in
            "  " + row[0].padded(to: widths[0]) + "  " + row[1].padded(to: widths[1]) + "  " + row[2]
        }
        return ["Settings, and where each comes from"] + lines + [""]
    }

    private static func source(of entry: DoctorSettings.Entry) -> String {
        switch entry.source {
        case .environmentFile(let line): ".env, line \(line)"
        case .flag, .environment, .file, .unset: entry.source.name
        }
    }

    private static func value(of entry: DoctorSettings.Entry) -> String {
        if entry.problem != nil { return "wrong: see below" }
        guard entry.setting.declaration.type.isSecret, entry.source != .unset else { return entry.value ?? "none" }
        let place = if case .file(let path) = entry.source { " by \(path.safe(for: .table))" } else { "" }
        return "set\(place)" + (entry.detail.map { $0.isEmpty ? "" : ": \($0)" } ?? "")
    }

    private func checkLines(isColored: Bool) -> [String] {
        let width = lines.map(\.check.count).max() ?? 0
        return ["Checks"]
            + lines.flatMap { line in
                let level = line.finding.level
                let word = level.word.padded(to: Finding.Level.wordWidth)
                let shown = isColored ? "\u{1B}[\(level.color)m\(word)\u{1B}[0m" : word
                var text = ["  \(shown)  \(line.check.padded(to: width))  \(line.finding.text)"]
                if let remedy = line.finding.remedy {
                    text.append(String(repeating: " ", count: Finding.Level.wordWidth + width + 6) + "-> \(remedy)")
                }
                return text
            }
    }

    private var conclusion: String {
        func counted(_ level: Finding.Level, _ one: String, _ many: String) -> String {
            count(level) == 1 ? "1 \(one)" : "\(count(level)) \(many)"
        }
        let parts = [
            counted(.fault, "fault", "faults"), counted(.warning, "warning", "warnings"), "\(count(.ok)) ok",
            count(.notChecked) == 0 ? nil : "\(count(.notChecked)) not checked",
        ]
        return parts.compactMap(\.self).joined(separator: ", ") + "."
    }
}

extension Finding.Level {
    fileprivate static let wordWidth = 7

    fileprivate var word: String {
        switch self {
        case .ok: "ok"
        case .warning: "WARNING"
        case .fault: "FAULT"
        case .notChecked: "-"
        }
    }

    /// The parameter of SGR (ECMA-48, 8.3.117).
    fileprivate var color: Int {
        switch self {
        case .ok: 32
        case .warning: 33
        case .fault: 31
        case .notChecked: 2
        }
    }
}

extension String {
    fileprivate func padded(to width: Int) -> String {
        self + String(repeating: " ", count: max(0, width - count))
    }
}
