internal import Glibc

// The two functions that libFuzzer, whose library contains `main`, calls. `FUZZ_TARGET` selects the target; without it
// the program prints the names of the targets. There is one program, because each would link the same code again.

private let target: FuzzTarget? = {
    guard let name = getenv("FUZZ_TARGET") else { return nil }
    return FuzzTarget(rawValue: String(cString: name))
}()

@_cdecl("LLVMFuzzerInitialize")
func initialize(_ count: UnsafeMutableRawPointer, _ arguments: UnsafeMutableRawPointer) -> CInt {
    guard target == nil else { return 0 }
    print(FuzzTarget.allCases.map(\.rawValue).joined(separator: "\n"))
    exit(0)
}

@_cdecl("LLVMFuzzerTestOneInput")
func test(_ data: UnsafePointer<UInt8>?, _ size: Int) -> CInt {
    target?.run([UInt8](UnsafeBufferPointer(start: data, count: size)))
    return 0
}
