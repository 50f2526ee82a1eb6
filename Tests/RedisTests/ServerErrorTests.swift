import TestSupport
import Testing

@testable import Redis

/// Errors that a real server can be brought to say.
@Suite(.timeLimit(.minutes(1))) struct ServerErrorTests {
    @Test(arguments: [
        ("SET", ["--maxmemory", "1"], RedisError.outOfMemory), ("SET", ["--min-replicas-to-write", "1"], .noReplicas),
        ("SET", ["--replicaof", "127.0.0.1 1"], .readOnly),
        ("GET", ["--replicaof", "127.0.0.1 1", "--replica-serve-stale-data", "no"], .masterDown),
    ])
    func `a command is refused with its reason`(name: String, options: [String], expected: RedisError) async throws {
        var arguments = Arguments()
        arguments.append("k")
        if name == "SET" { arguments.append("v") }
        let server = try await PrivateRedis.launch(options)
        #expect(await client(of: server).failure(of: Command(name, arguments)) == expected)
    }

    @Test func `scripts fail as scripts, and keep the words of the commands in them`() async throws {
        let server = try await PrivateRedis.launch()
        let client = client(of: server)
        for source in ["error('boom')", "return nosuch", "this is not Lua", "return redis.call('NOSUCH')"] {
            guard case .script = await client.failure(of: Command("EVAL", source, "0")) else {
                Issue.record("\(source)")
                continue
            }
        }
        let own = await client.failure(of: Command("EVAL", "return redis.error_reply('LEASELOST job 1')", "0"))
        #expect(own == .server(word: "LEASELOST", message: "job 1"))
        let type = "redis.call('SET', KEYS[1], 1) return redis.call('LPUSH', KEYS[1], 1)"
        #expect(await client.failure(of: Command("EVAL", type, "1", "k")) == .wrongType)
        #expect(await client.failure(of: Command("EVALSHA", String(repeating: "0", count: 40), "0")) == .noScript)
        let nested = try await client.send(Command("EVAL", "return {1, redis.error_reply('OOM x'), 2}", "0"))
        var reader = nested.reader
        #expect(try reader.array() == 3)
        #expect(try reader.integer() == 1)
        #expect(try reader.error() == .outOfMemory)
        #expect(try reader.integer() == 2)
    }

    @Test func `a waiting command can be woken with an error`() async throws {
        let server = try await PrivateRedis.launch()
        let (sleeper, other) = (client(of: server), client(of: server))
        let id = try await sleeper.send(Command("CLIENT", "ID")).string()
        let (stream, continuation) = AsyncStream.makeStream(of: Result<Reply, RedisError>.self)
        sleeper.submit(Command("BLPOP", "none", "0"), timeout: .seconds(30)) { continuation.yield($0) }
        while try await other.send(Command("CLIENT", "UNBLOCK", id, "ERROR")).integer() == 0 {}
        #expect(await stream.first { _ in true } == .failure(.unblocked))
    }

    @Test func `a server busy with a script says so`() async throws {
        let server = try await PrivateRedis.launch(["--busy-reply-threshold", "1"])
        let (culprit, victim) = (client(of: server), client(of: server))
        try await victim.connect()
        let (stream, continuation) = AsyncStream.makeStream(of: Result<Reply, RedisError>.self)
        culprit.submit(Command("EVAL", "while true do end", "0"), timeout: .seconds(30)) { continuation.yield($0) }
        while await victim.failure(of: Command("GET", "k")) != .busy {}
        _ = try await victim.send(Command("SCRIPT", "KILL"))
        guard case .failure(.script) = await stream.first(where: { _ in true }) else {
            Issue.record("the script was not killed")
            return
        }
    }
}
