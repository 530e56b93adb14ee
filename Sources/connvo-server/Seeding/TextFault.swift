internal import JOSE
internal import Text

/// Why a piece of a text cannot be read, and where.
struct TextFault: Equatable {
    let place: TextPosition
    let message: String
}
