/// What is known of one setting: section, type, default, meaning, and when a new value can take effect.
///
/// The reader, docs/configuration.md and .env.example are made from it.
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
        case others = "Variables of other programs"
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

        var isSecret: Bool { if case .secret = self { true } else { false } }
        var isList: Bool { if case .list = self { true } else { false } }
    }

    /// When a new value takes effect.
    enum NewValue: String, Sendable {
        /// When `serve` is started again.
        case restart
        /// When `serve` gets SIGHUP.
        case reload = "SIGHUP"
        /// When `serve` gets SIGHUP: what the file holds. Another file takes effect when `serve` is started again.
        case reloadOfContents = "SIGHUP, the contents"
        /// `serve` does not use it.
        case nextCommand = "next command"
    }

    let section: Section
    let type: ValueType
    /// The default in documentation, when the type alone does not give it.
    var shownDefault: String?
    /// What .env.example shows, where the default is no value that could stand there.
    var example: String?
    /// Whether a file of this secret may be empty, which means that it is not set.
    var mayBeEmpty = false
    /// Whether `serve` starts only with it.
    var isRequired = false
    var newValue = NewValue.restart
    /// One line of Markdown for operators.
    let meaning: String
}
