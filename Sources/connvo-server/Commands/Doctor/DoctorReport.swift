/// What `doctor` prints. The names and the meaning of the JSON members are public (docs/doctor.md).
struct DoctorReport: Sendable {
    struct Line: Hashable, Sendable {
        let check: String
        let finding: Finding
    }

    let settings: [DoctorSettings.Entry]
    let lines: [Line]
    /// Whether a warning, or a check that could not be done, counts as a fault for the exit code.
    let isStrict: Bool

    init(_ settings: DoctorSettings, checks: [DoctorCheck], findings: [[Finding]], isStrict: Bool) {
        self.settings = settings.entries
        self.isStrict = isStrict
        lines = zip(checks, findings).flatMap { check, findings in
            findings.map { Line(check: check.name, finding: $0) }
        }
    }

    func count(_ level: Finding.Level) -> Int { lines.count { $0.finding.level == level } }

    /// What decides the exit code: the first fault, and where there is none and it is strict, the first line that is not
    /// ok.
    private var decisive: Line? {
        lines.first { $0.finding.level == .fault } ?? (isStrict ? lines.first { $0.finding.level != .ok } : nil)
    }

    var status: ExitStatus {
        guard let decisive else { return .done }
        return decisive.finding.level == .fault ? decisive.finding.status : .failed
    }

    /// The member `error`, as other commands have it.
    var error: CommandReportError? {
        decisive.map { CommandReportError(exitCode: status.rawValue, message: "\($0.check): \($0.finding.text)") }
    }
}

// MARK: - For programs

extension DoctorReport: Encodable {
    private enum CodingKeys: String, CodingKey {
        case version, counts, settings, checks, error
    }

    func encode(to encoder: any Encoder) throws {
        var fields = encoder.container(keyedBy: CodingKeys.self)
        try fields.encode(ServerVersion.current, forKey: .version)
        let counts = Finding.Level.allCases.map { ($0.rawValue, count($0)) }
        try fields.encode(Dictionary(uniqueKeysWithValues: counts), forKey: .counts)
        try fields.encode(settings, forKey: .settings)
        try fields.encode(lines, forKey: .checks)
        try fields.encode(error, forKey: .error)
    }
}

extension DoctorReport.Line: Encodable {
    private enum CodingKeys: String, CodingKey {
        case check, level, text, remedy
    }

    func encode(to encoder: any Encoder) throws {
        var fields = encoder.container(keyedBy: CodingKeys.self)
        try fields.encode(check, forKey: .check)
        try fields.encode(finding.level.rawValue, forKey: .level)
        try fields.encode(finding.text, forKey: .text)
        try fields.encode(finding.remedy, forKey: .remedy)
    }
}

extension DoctorSettings.Entry: Encodable {
    private enum CodingKeys: String, CodingKey {
        case name, value, detail, source, place, problem
        case isSecret = "secret"
        case isSet = "set"
    }

    /// Every member is there, null where there is nothing to say.
    func encode(to encoder: any Encoder) throws {
        var fields = encoder.container(keyedBy: CodingKeys.self)
        try fields.encode(setting.name, forKey: .name)
        try fields.encode(setting.declaration.type.isSecret, forKey: .isSecret)
        try fields.encode(source != .unset, forKey: .isSet)
        try fields.encode(value, forKey: .value)
        try fields.encode(detail, forKey: .detail)
        try fields.encode(source.name, forKey: .source)
        try fields.encode(source.place, forKey: .place)
        try fields.encode(problem.map { "\($0)" }, forKey: .problem)
    }
}
