/// What one setting is: where its documentation stands, its type with its default, and its meaning.
struct SettingDeclaration: Sendable {
    /// The sections of docs/configuration.md, in their order.
    enum Section: String, CaseIterable, Sendable {
        case database = "Database"
        case http = "HTTP"
        case stream = "GetStream"
        case workOS = "Who is calling: WorkOS"
        case rules = "Rules"
        case records = "Records"
        case log = "Log"
    }

    /// How a value is written, and what holds when none is given.
    enum ValueType: Sendable {
        case text(default: String? = nil)
        /// Also accepted from the file that ``Setting/fileName`` names; never shown.
        case secret
        /// `true` or `false`; `false` by default.
        case flag
        case integer(default: Int, range: ClosedRange<Int>)
        case choice(default: String, of: [String])
        /// A number and a unit, such as `90s`.
        case duration(default: String? = nil)
        /// Entries separated by commas; none by default.
        case list
    }

    let section: Section
    let type: ValueType
    /// The default as documentation shows it, where the type alone does not say it.
    var shownDefault: String?
    /// One line of Markdown for administrators.
    let meaning: String
}
