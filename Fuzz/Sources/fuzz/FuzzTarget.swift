/// What can be fuzzed. Add a case, its property and a folder of seeds under Fuzz/Seeds.
///
/// A property is a statement about every input; where it does not hold, the program stops, and libFuzzer keeps the
/// input.
enum FuzzTarget: String, CaseIterable {
    case base64URL = "base64url"
    case json
    case jws
    case keySet = "key-set"
    case runDoor = "run-door"
    case actionDoor = "action-door"
    case csv
    case jsonRows = "json-rows"

    func run(_ input: [UInt8]) {
        switch self {
        case .base64URL: Base64URLProperty.check(input)
        case .json: JSONProperty.check(input)
        case .jws: JWSProperty.check(input)
        case .keySet: KeySetProperty.check(input)
        case .runDoor: DoorProperty.run.check(input)
        case .actionDoor: DoorProperty.action.check(input)
        case .csv: CSVProperty.check(input)
        case .jsonRows: JSONRowsProperty.check(input)
        }
    }
}

/// Stops the program, which libFuzzer reports with the input, unless `condition` holds.
func hold(_ condition: Bool, _ property: StaticString, file: StaticString = #file, line: UInt = #line) {
    if !condition { fatalError("broken: \(property)", file: file, line: line) }
}
