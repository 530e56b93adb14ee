internal import ArgumentParser
internal import Domain
internal import FoundationEssentials
internal import JOSE
internal import NIOCore
internal import Persistence

struct TokenCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "token",
        abstract: "Make development tokens, and look tokens up.",
        discussion: "Example: connvo-server token issue-bearer --user user_workos_123",
        subcommands: [IssueBearer.self, DevelopmentKey.self, Inspect.self]
    )

    /// Signs a bearer token with the development key, for local use.
    struct IssueBearer: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "issue-bearer",
            abstract: "Sign a development bearer token for a user (DEVELOPMENT_KEY_FILE).",
            discussion: "Example: connvo-server token issue-bearer --user user_workos_123"
        )

        @Option(help: "The WorkOS user id the token is for.") var user: String
        @Option(help: "How long it is valid, in seconds.") var lifetime: Int64 = 3600

        func validate() throws {
            guard (1...86_400).contains(lifetime) else { throw ValidationError("--lifetime takes 1 to 86400 seconds") }
        }

        func run() async throws {
            try await reporting {
                let settings = try await SettingsReader()
                try settings.throwIfWrong()
                guard let path = settings.string(.developmentKeyFile) else {
                    throw CommandFailure(
                        .badConfiguration,
                        "DEVELOPMENT_KEY_FILE is not set: make a key with token development-key"
                    )
                }
                let issuer = try BearerTokenIssuer(key: TokenCommand.readKey(at: path))
                let now = SystemClock.now()
                var random = SystemRandomNumberGenerator()
                let token = try issuer.issue(
                    subject: user,
                    sessionID: "session_" + UUIDv7(at: now, using: &random).description,
                    issuedAt: now.secondsSinceEpoch,
                    expiresAt: now.secondsSinceEpoch + lifetime
                )
                Terminal.print(String(decoding: token, as: UTF8.self))
            }
        }
    }

    /// Makes the key that signs development tokens, and the key set with which `serve` verifies them.
    struct DevelopmentKey: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "development-key",
            abstract: "Make a development key and its key set; a key that exists is kept.",
            discussion: "Example: connvo-server token development-key --key .connvo/key.pem --jwks .connvo/jwks.json"
        )

        @Option(help: "Where the private key is, or goes (PEM, readable by its owner only).") var key: String
        @Option(help: "Where the key set goes.") var jwks: String

        func run() async throws {
            try await reporting {
                if !FileManager.default.fileExists(atPath: key) {
                    try TokenCommand.write(try RSAPrivateKey.generate().pem(), to: key, isPrivate: true)
                }
                let publicKey = try TokenCommand.readKey(at: key).publicKey
                let set = try JWKSet.encode([(kid: JOSE.DevelopmentToken.keyID(for: publicKey), key: publicKey)])
                try TokenCommand.write(set, to: jwks)
            }
        }
    }

    /// Verifies a Stream token and finds its row in the database.
    struct Inspect: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "inspect",
            abstract: "Read a Stream token from standard input, verify it and find its record.",
            discussion: "Example: connvo-server token inspect - < token.txt"
        )

        @Argument(help: "- for standard input; a token never stands on a command line.") var source: String
        @Flag(help: "Print JSON.") var json = false

        func validate() throws {
            guard source == "-" else { throw ValidationError("give - and the token on standard input") }
        }

        func run() async throws {
            try await reporting {
                var settings = try await SettingsReader()
                let target = DatabaseSettings.serving(&settings, purpose: "token")
                let secrets = StreamSecrets(&settings)
                try settings.throwIfWrong()
                guard let secrets, let target else { throw ConfigurationFailure(settings.problems) }
                let bytes = Terminal.readAll().filter { !$0.isLineEnd }
                let inspection = try await TokenInspection(bytes, secrets: secrets, target: target)
                Terminal.print(json ? inspection.json : inspection.description)
                guard inspection.isSound else { throw ExitCode(ExitStatus.failed.rawValue) }
            }
        }
    }

    private static func write(_ bytes: [UInt8], to path: String, isPrivate: Bool = false) throws {
        var output = try CommandOutput.opened(path, isPrivate: isPrivate)
        try output.write(bytes)
        try output.finish()
    }

    private static func readKey(at path: String) throws -> RSAPrivateKey {
        let pem: [UInt8]
        do {
            pem = try SmallFile.readAtStart(path).contents()
        } catch {
            throw CommandFailure(.badConfiguration, "\(path) \(error)")
        }
        do {
            return try RSAPrivateKey(pem: pem)
        } catch {
            throw CommandFailure(
                .badConfiguration,
                "\(path) is not an RSA private key of 2048 bits or more in PEM: \(error)"
            )
        }
    }
}

extension UInt8 {
    fileprivate var isLineEnd: Bool { self == UInt8(ascii: "\n") || self == UInt8(ascii: "\r") }
}
