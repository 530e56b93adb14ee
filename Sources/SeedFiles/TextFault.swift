package import Text

/// Why a piece of a text cannot be read, and where.
package struct TextFault: Equatable {
    package let place: TextPosition
    package let message: String
}
