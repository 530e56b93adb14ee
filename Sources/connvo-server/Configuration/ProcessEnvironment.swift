internal import Glibc

/// The environment of this process.
enum ProcessEnvironment {
    /// Each variable by its name; of several with one name the first, as getenv(3) does. Bytes that are not UTF-8 are
    /// shown as U+FFFD, which no value of a setting may have (``SettingText``).
    ///
    /// Not Foundation's `ProcessInfo`: that splits at the first `Character` that is `=`, and finds none where a
    /// combining character follows.
    static func current() -> [String: String] {
        var variables: [String: String] = [:]
        var index = 0
        while let entry = environ[index] {
            index += 1
            guard let separator = strchr(entry, Int32(UInt8(ascii: "="))) else { continue }
            let name = UnsafeBufferPointer(start: entry, count: separator - entry)
            let key = String(decoding: name.lazy.map { UInt8(bitPattern: $0) }, as: UTF8.self)
            if variables[key] == nil { variables[key] = String(cString: separator + 1) }
        }
        return variables
    }
}
