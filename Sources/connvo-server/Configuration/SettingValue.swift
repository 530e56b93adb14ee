/// What one setting was when settings were read.
struct SettingValue: Equatable, Sendable {
    /// The text; of a secret its value, wherever it was. Nil when it was not set.
    let text: String?
    /// Of the file that a setting names, where a reader of settings has read it; never that of a secret.
    let contents: [UInt8]?
}
