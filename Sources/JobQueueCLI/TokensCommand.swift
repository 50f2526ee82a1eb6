import ArgumentParser
import Foundation
import JobModel
import JobQueueClient
import JobQueueHTTP
import JobStore
import TerminalDashboard

struct TokensCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tokens", abstract: "Make, list and revoke tokens of the HTTP API.",
        subcommands: [Create.self, List.self, Revoke.self])

    struct Create: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "create",
            abstract: "Make a token. It is printed once, alone on standard output, and kept nowhere.",
            discussion: "Scopes: \(Scope.list).")

        @OptionGroup var redis: RedisOptions
        @OptionGroup var rights: RightsOptions

        @Flag(help: "One JSON document, with the token in it.")
        var json = false

        func run() async throws {
            let wish = try rights.wish()
            try await redis.withQueue { queue in
                let now = try await queue.store.time()
                let rights = try wish.rights(now: now)
                let registry = TokenRegistry(queue.store)
                let (token, record) = try await registry.create(rights, by: "cli:\(NSUserName())")
                do {
                    let sheet = TokenSheet(record, token: token.reveal())
                    if json { try Output.json(sheet) } else { try Output.print(token.reveal()) }
                } catch {
                    // Nobody has it, so nobody shall; and what could not be printed is not to be in the message.
                    _ = try? await registry.revoke(token.id)
                    throw Failure(.cannotWrite, "the token cannot be written to standard output: it was revoked")
                }
                if !json { for line in TokenPage.notes(record, now: now) { Output.error(line) } }
            }
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "ls", abstract: "List tokens, the oldest first, without their secrets.")

        @OptionGroup var redis: RedisOptions

        @Flag(help: "One JSON document.")
        var json = false

        func run() async throws {
            try await redis.withQueueToRead { queue in
                let sheets = try await TokenRegistry(queue.store).all().map { TokenSheet($0.record, usedMs: $0.usedMs) }
                if json { return try Output.json(sheets) }
                let now = try await queue.store.time()
                for line in TokenPage(sheets, now: now).lines { try Output.print(line) }
            }
        }
    }

    struct Revoke: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "revoke", abstract: "End a token: within five seconds no server takes it any more.")

        @OptionGroup var redis: RedisOptions

        @Argument(help: "The token's id, as `tokens ls` shows it.")
        var id: String

        func run() async throws {
            // Whoever has only the token itself must not have to cut the id out of it.
            let id = AccessToken(id)?.id ?? id
            try await redis.withQueue { queue in
                guard try await TokenRegistry(queue.store).revoke(id) else {
                    throw Failure(
                        .notFound, "there is no token \(Printable.oneLine(id, limit: 40)): see queue-worker tokens ls")
                }
                try Output.print("revoked")
            }
        }
    }
}

/// What a token shall be allowed.
struct RightsOptions: ParsableArguments {
    @Option(
        name: .customLong("scope"),
        help: ArgumentHelp(
            "What it may do, with commas. Repeatable. (default: jobs:write,jobs:read,payload:read)",
            valueName: "scopes"))
    var scopes: [String] = []

    @Option(
        name: .customLong("queue"),
        help: ArgumentHelp(
            "Queues it may use, with * for any characters, with commas. Repeatable. (default: *)", valueName: "queues"))
    var queues: [String] = []

    @Option(help: "How long it is worth something, such as 12h or 90d; never: until it is revoked.")
    var expires = "never"

    @Option(help: "What it is for, up to 200 characters.")
    var note = ""

    @Option(
        parsing: .unconditional,
        help: "Requests a minute on each server; 0: as many as come. (default: the server's http.rate)")
    var rate: Int?

    /// What was asked for, before Redis' clock is known. Throws what can be seen to be wrong without it.
    func wish() throws(Failure) -> TokenWish {
        let names = Self.parts(scopes)
        for name in names where Scope(rawValue: name) == nil {
            throw Failure(
                .usage, "there is no scope \"\(Printable.oneLine(name, limit: 80))\": use some of \(Scope.list)")
        }
        var wish = TokenWish(
            rights: TokenRights(
                scopes: names.isEmpty ? TokenRights.usualScopes : Set(names.compactMap(Scope.init)),
                queues: queues.isEmpty ? ["*"] : Self.parts(queues), note: note, rate: rate))
        if expires != "never" {
            guard let span = try? TimeSpan(parsing: expires), span.duration > .zero else {
                throw Failure(
                    .usage,
                    "--expires \(Printable.oneLine(expires, limit: 80)): use a time such as 12h or 90d, or never")
            }
            wish.lifetime = span.duration
        }
        // Any time will do: the token's end lies ahead of it.
        _ = try wish.rights(now: 0)
        return wish
    }

    private static func parts(_ texts: [String]) -> [String] {
        texts.flatMap { $0.split(separator: ",", omittingEmptySubsequences: false) }.map(String.init)
    }
}

/// Rights that begin when Redis' clock says so.
struct TokenWish {
    var rights: TokenRights
    var lifetime: Duration?

    func rights(now: Int) throws(Failure) -> TokenRights {
        var rights = rights
        rights.expiresMs = lifetime.map { now + $0.milliseconds }
        if let problem = rights.problems(now: now).first { throw Failure(.usage, problem.detail) }
        return rights
    }
}
