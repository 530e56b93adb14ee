/// The version of this program: what `--version` prints and `GET /version` answers.
enum ServerVersion {
    static let current = "0.1.0-dev"
}
