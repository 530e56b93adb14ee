internal import PostgreSQL

/// The PostgreSQL types of record columns in parameters.
enum ColumnType {
    case bool, bytea, text, timestamptz, uuid

    var scalar: TypeOID {
        switch self {
        case .bool: .bool
        case .bytea: .bytea
        case .text: .text
        case .timestamptz: .timestamptz
        case .uuid: .uuid
        }
    }

    var array: TypeOID {
        switch self {
        case .bool: .boolArray
        case .bytea: .byteaArray
        case .text: .textArray
        case .timestamptz: .timestamptzArray
        case .uuid: .uuidArray
        }
    }
}
