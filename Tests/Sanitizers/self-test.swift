// What a sanitizer must and must not report: scripts/sanitize runs it before the suites.
//
//   race        two threads count without a lock
//   contention  four threads count under one Mutex, which is no race
//   overflow    a byte is read behind the end of an allocation
//   undefined   a sum in C is larger than its type
//   nothing     ends at once

import Foundation
import Synchronization

@_silgen_name("self_test_sum")
func sumInC(_ first: Int32, _ second: Int32) -> Int32

final class Counters: @unchecked Sendable {
    let guarded = Mutex([Int: Int]())
    var unguarded = [Int: Int]()
    let bytes = UnsafeMutablePointer<UInt8>.allocate(capacity: 16)

    func onThreads(_ count: Int, _ body: @Sendable @escaping () -> Void) {
        let ended = DispatchSemaphore(value: 0)
        for _ in 0..<count {
            Thread {
                body()
                ended.signal()
            }.start()
        }
        for _ in 0..<count { ended.wait() }
    }
}

let counters = Counters()
switch CommandLine.arguments.dropFirst().first {
case "race":
    let turn = Mutex(0)
    // One after the other, so that the dictionary stays whole; nothing orders the two for the sanitizer.
    counters.onThreads(2) {
        let second = turn.withLock { turn in
            turn += 1
            return turn == 2
        }
        if second { usleep(300_000) }
        counters.unguarded[1, default: 0] += 1
    }
case "contention":
    counters.onThreads(4) {
        for number in 0..<20_000 { counters.guarded.withLock { $0[number % 50, default: 0] += 1 } }
    }
case "overflow":
    print(counters.bytes[16])
case "undefined":
    print(sumInC(.max, 1))
default:
    break
}
