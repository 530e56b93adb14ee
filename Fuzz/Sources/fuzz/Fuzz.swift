internal import Glibc

/// The program that libFuzzer runs. `FUZZ_TARGET` names the target; without it the program prints the names. There is one
/// program for all targets, because each would link the same code again.
@main enum Fuzz {
    private static let target: FuzzTarget? = {
        guard let name = getenv("FUZZ_TARGET") else { return nil }
        return FuzzTarget(rawValue: String(cString: name))
    }()

    static func main() {
        guard target != nil else {
            print(FuzzTarget.allCases.map(\.rawValue).joined(separator: "\n"))
            return
        }
        var count = CommandLine.argc
        var arguments = CommandLine.unsafeArgv
        let status = runDriver(&count, &arguments) { data, size in
            Fuzz.target?.run([UInt8](UnsafeBufferPointer(start: data, count: size)))
            return 0
        }
        exit(status)
    }
}

/// libFuzzer as a library (llvm/lib/fuzzer/FuzzerInterface.h): it calls the callback with inputs of its own making.
@_silgen_name("LLVMFuzzerRunDriver")
private func runDriver(
    _ count: UnsafeMutablePointer<CInt>,
    _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>>,
    _ test: @convention(c) (UnsafePointer<UInt8>?, Int) -> CInt
) -> CInt
