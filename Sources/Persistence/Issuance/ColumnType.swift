internal import PostgreSQL

/// The PostgreSQL types of record columns.
enum ColumnType {
    case bool, bytea, inet, text, timestamptz, uuid

    /// The type of a parameter.
    var scalar: TypeOID {
        switch self {
        case .bool: .bool
        case .bytea: .bytea
        case .inet, .text: .text
        case .timestamptz: .timestamptz
        case .uuid: .uuid
        }
    }

    var array: TypeOID {
        switch self {
        case .bool: .boolArray
        case .bytea: .byteaArray
        case .inet, .text: .textArray
        case .timestamptz: .timestamptzArray
        case .uuid: .uuidArray
        }
    }

    /// What the server applies to a value that travels as text; empty for others.
    var cast: String {
        switch self {
        case .inet: "::inet"
        case .bool, .bytea, .text, .timestamptz, .uuid: ""
        }
    }
}
