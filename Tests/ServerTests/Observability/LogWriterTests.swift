import Glibc
import PostgreSQL
import Testing

@testable import connvo_server

/// Lines reach their descriptor in order, and a descriptor that takes nothing blocks nobody who logs.
@Suite struct LogWriterTests {
    /// A pipe; both ends are closed at the end of its life.
    private final class Pipe: Sendable {
        let readEnd: Int32
        let writeEnd: Int32

        init() throws {
            var ends: (Int32, Int32) = (-1, -1)
            let made = withUnsafeMutableBytes(of: &ends) { pipe($0.bindMemory(to: Int32.self).baseAddress) }
            try #require(made == 0)
            (readEnd, writeEnd) = ends
        }

        deinit {
            close(readEnd)
            close(writeEnd)
        }

        /// Everything that is there until `isEnough` says so of the lines read so far.
        func lines(until isEnough: ([Substring]) -> Bool) -> [Substring] {
            var text = ""
            while true {
                let complete = text.split(separator: "\n", omittingEmptySubsequences: true)
                if text.hasSuffix("\n"), isEnough(complete) { return complete }
                var chunk = [UInt8](repeating: 0, count: 65_536)
                let count = read(readEnd, &chunk, chunk.count)
                guard count > 0 else { return complete }
                text += String(decoding: chunk[..<count], as: UTF8.self)
            }
        }
    }

    private static func writer(to pipe: Pipe, byteLimit: Int = 1024 * 1024) throws -> LogWriter {
        try LogWriter(fileDescriptor: pipe.writeEnd, byteLimit: byteLimit) { Array("dropped \($0)\n".utf8) }
    }

    @Test func `lines arrive whole and in order`() throws {
        let pipe = try Pipe()
        let writer = try Self.writer(to: pipe)
        for number in 0..<1000 { writer.append(Array("line \(number)\n".utf8)) }
        let lines = pipe.lines { $0.count == 1000 }
        #expect(lines == (0..<1000).map { "line \($0)" })
        writer.end(within: .seconds(10))
        #expect(writer.droppedLineCount == 0)
    }

    @Test func `a pipe that is not read blocks no line, and what is dropped is counted`() throws {
        let pipe = try Pipe()
        let writer = try Self.writer(to: pipe, byteLimit: 10_000)
        // Far more than a pipe and the buffer hold. Nothing is read until all are handed over.
        for number in 0..<100_000 { writer.append(Array("line \(number)\n".utf8)) }
        let dropped = writer.droppedLineCount
        #expect(dropped > 50_000)

        // The reader is back: a line that fits is preceded by the count.
        let before = pipe.lines { $0.last.map { Int($0.dropFirst(5)) ?? -1 } == 100_000 - 1 - dropped }
        #expect(before == (0..<100_000 - dropped).map { "line \($0)" })
        writer.append(Array("again\n".utf8))
        #expect(pipe.lines { $0.last == "again" } == ["dropped \(dropped)", "again"])
        writer.end(within: .seconds(10))
    }

    @Test func `the end waits for lines that can be written, and not for ever for others`() throws {
        let pipe = try Pipe()
        let writer = try Self.writer(to: pipe)
        writer.append(Array("last\n".utf8))
        writer.end(within: .seconds(10))
        #expect(pipe.lines { !$0.isEmpty } == ["last"])

        let stalled = try Pipe()
        let other = try Self.writer(to: stalled)
        for _ in 0..<10_000 { other.append([UInt8](repeating: UInt8(ascii: "x"), count: 99) + [UInt8(ascii: "\n")]) }
        // Returns, although the pipe takes nothing more. Then what is in the pipe lets the thread end.
        other.end(within: .milliseconds(50))
        _ = stalled.lines { $0.count >= 10_000 }
    }
}
