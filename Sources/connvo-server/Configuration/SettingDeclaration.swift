/// The section, the type with its default, and the meaning of one setting, for reading and for documentation.
struct SettingDeclaration: Sendable {
    /// The sections of docs/configuration.md, in order.
    enum Section: String, CaseIterable, Sendable {
        case database = "Database"
        case http = "HTTP"
        case stream = "GetStream"
        case workOS = "Who is calling: WorkOS"
        case rules = "Rules"
        case records = "Records"
        case log = "Log"
    }

    /// The syntax of the value, and the default.
    enum ValueType: Sendable {
        case text(default: String? = nil)
        /// Also read from the file that ``Setting/fileName`` names. Never shown.
        case secret
        /// `true` or `false`; `false` by default.
        case flag
        case integer(default: Int, range: ClosedRange<Int>)
        case choice(default: String, of: [String])
        /// A number and a unit, such as `90s`.
        case duration(default: String? = nil)
        /// Entries separated by commas; empty by default.
        case list
    }

    let section: Section
    let type: ValueType
    /// The default in documentation, when the type alone does not give it.
    var shownDefault: String?
    /// One line of Markdown for operators.
    let meaning: String
}
