/// Where the value of a setting comes from.
enum SettingSource: Hashable, Sendable {
    /// An option of the command line.
    case flag
    case environment
    /// A line of the `.env` file, counted from 1.
    case environmentFile(line: Int)
    /// The file with the value of a secret, which ``Setting/fileName`` names; empty when its path was refused.
    case file(String)
    /// It is not given: the default counts.
    case unset

    /// The word for it in the output of `doctor`, which is public.
    var name: String {
        switch self {
        case .flag: "flag"
        case .environment: "environment"
        case .environmentFile: ".env"
        case .file: "file"
        case .unset: "default"
        }
    }

    /// Where exactly: the line of `.env`, or the path of a file.
    var place: String? {
        switch self {
        case .environmentFile(let line): "line \(line)"
        case .file(let path): path.isEmpty ? nil : path
        case .flag, .environment, .unset: nil
        }
    }
}
