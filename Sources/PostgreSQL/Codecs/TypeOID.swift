/// The object identifier of a PostgreSQL type (`pg_type.dat` of PostgreSQL 15; these never change).
@usableFromInline package struct TypeOID: RawRepresentable, Hashable, Sendable {
    @usableFromInline package let rawValue: UInt32

    @usableFromInline package init(rawValue: UInt32) {
        self.rawValue = rawValue
    }

    package static let bool = TypeOID(rawValue: 16)
    package static let bytea = TypeOID(rawValue: 17)
    package static let int8 = TypeOID(rawValue: 20)
    package static let int4 = TypeOID(rawValue: 23)
    package static let text = TypeOID(rawValue: 25)
    package static let timestamptz = TypeOID(rawValue: 1184)
    package static let uuid = TypeOID(rawValue: 2950)

    package static let boolArray = TypeOID(rawValue: 1000)
    package static let byteaArray = TypeOID(rawValue: 1001)
    package static let int4Array = TypeOID(rawValue: 1007)
    package static let int8Array = TypeOID(rawValue: 1016)
    package static let textArray = TypeOID(rawValue: 1009)
    package static let timestamptzArray = TypeOID(rawValue: 1185)
    package static let uuidArray = TypeOID(rawValue: 2951)
}
