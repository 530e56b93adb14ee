/// Why a seed file cannot be read to its end, in words for the administrator.
package struct SeedFileError: Error, Equatable, CustomStringConvertible {
    package let description: String

    init(_ description: String) {
        self.description = description
    }
}
