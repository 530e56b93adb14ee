import Foundation
import JOSE
import TestSupport
import Testing

@testable import connvo_server

/// Files that settings name, and what else a path may lead to.
@Suite struct SmallFileTests {
    private func file(_ path: String, limit: Int = 100, acceptsPipe: Bool = true) -> SmallFile {
        SmallFile(path: path, byteLimit: limit, timeLimit: .milliseconds(300), acceptsPipe: acceptsPipe)
    }

    private func read(_ file: SmallFile) async throws -> Result<[UInt8], SmallFile.Failure> {
        try await onOwnThread { Result { () throws(SmallFile.Failure) in try file.contents() } }
    }

    private func pipe(in folder: Folder) throws -> String {
        let path = folder.file("pipe")
        try #require(mkfifo(path, 0o600) == 0)
        return path
    }

    @Test func `a file is read whole, and the limit holds while reading`() async throws {
        let folder = try Folder()
        for count in [0, 1, 100] {
            try folder.write([UInt8](repeating: 7, count: count), to: "f")
            #expect(try await read(file(folder.file("f"))) == .success([UInt8](repeating: 7, count: count)))
        }
        try folder.write([UInt8](repeating: 7, count: 101), to: "f")
        #expect(try await read(file(folder.file("f"))) == .failure(.tooLong(limit: 100)))
        // A file that says nothing of its length, and one that has no end.
        #expect(try await read(file("/proc/self/stat", limit: 1_000_000)).get().isEmpty == false)
        #expect(try await read(file("/proc/self/smaps")) == .failure(.tooLong(limit: 100)))
    }

    @Test(arguments: [true, false]) func `what is no file is refused, and not waited for`(
        acceptsPipe: Bool
    ) async throws {
        let folder = try Folder()
        #expect(try await read(file(folder.path, acceptsPipe: acceptsPipe)) == .failure(.notAFile("a directory")))
        for device in ["/dev/zero", "/dev/null"] {
            #expect(
                try await read(file(device, acceptsPipe: acceptsPipe)) == .failure(.notAFile("a device or a socket"))
            )
        }
        #expect(try await read(file("/nonexistent", acceptsPipe: acceptsPipe)) == .failure(.system(ENOENT)))
    }

    @Test func `a pipe without a writer is waited for up to the time limit`() async throws {
        let folder = try Folder()
        let kept = try pipe(in: folder)
        #expect(try await read(file(kept, acceptsPipe: false)) == .failure(.notAFile("a pipe")))
        #expect(try await read(file(kept)) == .failure(.timedOut(after: .milliseconds(300))))
    }

    @Test func `a pipe is read to its end, and no further than the limit`() async throws {
        let folder = try Folder()
        let path = try pipe(in: folder)
        for (count, expected) in [
            (100, Result<[UInt8], SmallFile.Failure>.success([UInt8](repeating: 65, count: 100))),
            (1_000_000, .failure(.tooLong(limit: 100))),
        ] {
            let writer = try ChildProcess("/bin/sh", ["-c", "yes '' | tr '\\n' A | head -c \(count) > \(path)"])
            let long = SmallFile(path: path, byteLimit: 100, timeLimit: .seconds(20), acceptsPipe: true)
            #expect(try await read(long) == expected)
            writer.kill()
        }
    }

    @Test func `a key set file that hangs costs one thread, and is read again when it no longer does`() async throws {
        let folder = try Folder()
        let keySet = KeySetFile(path: folder.file("keys"), timeLimit: .milliseconds(300))
        try folder.write([1, 2, 3], to: "keys")
        #expect(try await keySet.read() == [1, 2, 3])
        try folder.write([UInt8](repeating: 32, count: 64 * 1024 + 1), to: "keys")
        await #expect(throws: KeySetFailure.refused(.tooLong)) { try await keySet.read() }
        try folder.remove("keys")
        await #expect(throws: KeySetFailure.fileUnreadable(.system(ENOENT))) { try await keySet.read() }
        try #require(mkfifo(folder.file("keys"), 0o600) == 0)
        await #expect(throws: KeySetFailure.fileUnreadable(.notAFile("a pipe"))) { try await keySet.read() }
        try folder.write([4], to: "keys")
        #expect(try await keySet.read() == [4])
    }

    @Test(arguments: ["STREAM_API_SECRET_FILE", "DATABASE_URL_FILE", "WORKOS_CA_FILE"])
    func `a setting that names a pipe without a writer, a directory or a device ends serve with 78`(
        setting: String
    )
        async throws
    {
        let folder = try Folder()
        let pipe = try pipe(in: folder)
        for (path, reason) in [
            (pipe, "could not be read within 5 s"), (folder.path, "is a directory, not a file"),
            ("/dev/zero", "is a device or a socket, not a file"), ("/nonexistent", "cannot be read: No such file"),
        ] {
            let settings = [
                "WORKOS_JWKS_URL": "https://127.0.0.1:1/keys", "ALLOW_DEVELOPMENT_TOKENS": "true", setting: path,
                "HTTP_PORT": "wrong",
            ]
            let result = try await Binary.run("serve", settings: settings)
            #expect(result.status == 78)
            #expect(result.errors.contains("\(setting) \(path) \(reason)"), "\(result.errors)")
        }
    }

    @Test func `a secret may come from a pipe of the shell`() async throws {
        let folder = try Folder()
        let secret = String(repeating: "k", count: 32)
        let script = """
            STREAM_API_SECRET_FILE=<(sleep 0.2; printf %s \(secret)) WORKOS_JWKS_URL=https://127.0.0.1:1/keys \
                ALLOW_DEVELOPMENT_TOKENS=true HTTP_PORT=wrong exec \(Binary.url.path) serve
            """
        let process = try ChildProcess(
            "/bin/bash",
            ["-c", script],
            environment: Binary.environment([:]),
            directory: folder.path,
            streams: .init(errors: folder.file("errors"))
        )
        #expect(try await onOwnThread { process.exitStatus(within: .seconds(30)) } == 78)
        #expect(folder.text("errors").split(separator: "\n").count == 1, "\(folder.text("errors"))")
        #expect(folder.text("errors").contains("HTTP_PORT"))
    }

    @Test func `a .env file that is a directory is named`() async throws {
        let folder = try Folder()
        try FileManager.default.createDirectory(atPath: folder.file(".env"), withIntermediateDirectories: false)
        let process = try LaunchedProcess(["serve"], settings: [:], folder: folder)
        #expect(try await onOwnThread { process.exitStatus(within: .seconds(30)) } == 78)
        #expect(folder.text("errors").contains(".env is a directory, not a file"))
    }
}
