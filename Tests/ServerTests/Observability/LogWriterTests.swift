import Glibc
import PostgreSQL
import TestSupport
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

        /// The lines that are there now.
        func rest() -> [Substring] {
            var text = ""
            var descriptor = pollfd(fd: readEnd, events: Int16(POLLIN), revents: 0)
            while poll(&descriptor, 1, 0) == 1 {
                var chunk = [UInt8](repeating: 0, count: 65_536)
                text += String(decoding: chunk[..<read(readEnd, &chunk, chunk.count)], as: UTF8.self)
            }
            return text.split(separator: "\n")
        }

        /// The lines that are there, and those that come until `isEnough` says so; what there is after 20 seconds
        /// without one more byte.
        func lines(until isEnough: ([Substring]) -> Bool) -> [Substring] {
            var text = ""
            while true {
                let complete = text.split(separator: "\n")
                if text.hasSuffix("\n"), isEnough(complete) { return complete }
                var descriptor = pollfd(fd: readEnd, events: Int16(POLLIN), revents: 0)
                guard poll(&descriptor, 1, 20_000) == 1 else { return complete }
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

    @Test func `lines arrive whole and in order`() async throws {
        try await onOwnThread {
            let pipe = try Pipe()
            let writer = try Self.writer(to: pipe)
            for number in 0..<1000 { writer.append(Array("line \(number)\n".utf8)) }
            let lines = pipe.lines { $0.count == 1000 }
            #expect(lines == (0..<1000).map { "line \($0)" })
            writer.end(within: .seconds(10))
            #expect(writer.droppedLineCount == 0)
        }
    }

    @Test func `a pipe that is not read blocks no line, and what is dropped is counted`() async throws {
        try await onOwnThread {
            let pipe = try Pipe()
            let writer = try Self.writer(to: pipe, byteLimit: 10_000)
            // Far more than the pipe and the buffer hold. Nothing is read until all are handed over.
            for number in 0..<100_000 { writer.append(Array("line \(number)\n".utf8)) }
            #expect(writer.droppedLineCount > 50_000)

            // The reader is back. The first line that fits again is preceded by the number of those that did not.
            var handedOver = 100_000
            var lines = pipe.lines { !$0.isEmpty }
            while lines.last != "again", handedOver < 101_000 {
                writer.append(Array("again\n".utf8))
                handedOver += 1
                lines += pipe.lines { !$0.isEmpty }
            }
            writer.end(within: .seconds(10))
            lines += pipe.rest()
            let dropped = lines.compactMap { $0.hasPrefix("dropped ") ? Int($0.dropFirst(8)) : nil }
            let accepted = lines.filter { !$0.hasPrefix("dropped ") }
            #expect(accepted.count + dropped.reduce(0, +) == handedOver)
            #expect(dropped.reduce(0, +) == writer.droppedLineCount)
            let numbers = accepted.compactMap { $0.hasPrefix("line ") ? Int($0.dropFirst(5)) : nil }
            #expect(zip(numbers, numbers.dropFirst()).allSatisfy { $0 < $1 })
        }
    }

    @Test func `the end waits for lines that can be written, and not for ever for others`() async throws {
        try await onOwnThread {
            let pipe = try Pipe()
            let writer = try Self.writer(to: pipe)
            writer.append(Array("last\n".utf8))
            writer.end(within: .seconds(10))
            #expect(pipe.lines { !$0.isEmpty } == ["last"])

            let stalled = try Pipe()
            let other = try Self.writer(to: stalled)
            let line = [UInt8](repeating: UInt8(ascii: "x"), count: 99) + [UInt8(ascii: "\n")]
            for _ in 0..<10_000 { other.append(line) }
            // Returns, although the pipe takes nothing more. Reading what is in the pipe lets the thread end.
            other.end(within: .milliseconds(50))
            #expect(stalled.lines { $0.count == 10_000 }.count == 10_000)
        }
    }
}
