/// The targets that can be fuzzed. A new target needs a case here, a property and a folder of seeds in Fuzz/Seeds.
///
/// A property is a statement about every input. When it does not hold, the program stops, and libFuzzer stores the
/// input.
enum FuzzTarget: String, CaseIterable {
    case base64URL = "base64url"
    case json
    case jws
    case keySet = "key-set"
    case runEndpoint = "run-endpoint"
    case actionEndpoint = "action-endpoint"
    case csv
    case jsonRows = "json-rows"

    func run(_ input: [UInt8]) {
        switch self {
        case .base64URL: Base64URLProperty.check(input)
        case .json: JSONProperty.check(input)
        case .jws: JWSProperty.check(input)
        case .keySet: KeySetProperty.check(input)
        case .runEndpoint: EndpointProperty.run.check(input)
        case .actionEndpoint: EndpointProperty.action.check(input)
        case .csv: CSVProperty.check(input)
        case .jsonRows: JSONRowsProperty.check(input)
        }
    }
}

/// Stops the program when `condition` is false. libFuzzer then reports the input.
func hold(_ condition: Bool, _ property: StaticString, file: StaticString = #file, line: UInt = #line) {
    if !condition { fatalError("broken: \(property)", file: file, line: line) }
}
