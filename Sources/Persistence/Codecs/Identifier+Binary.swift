package import Domain
internal import PostgreSQL

extension Identifier: BinaryEncodable {
    package func encode(into bytes: inout [UInt8]) {
        rawValue.encode(into: &bytes)
    }
}
