import TestSupport
import Testing

@testable import Redis

@Suite(.timeLimit(.minutes(1))) struct LogInTests {
    private func attempt(_ server: PrivateRedis, _ username: String?, _ password: String?) async -> RedisError? {
        let client = client(of: server) { ($0.username, $0.password) = (username, password.map(Secret.init)) }
        let error = await client.failureToConnect()
        await client.close()
        return error
    }

    @Test func `user and password are checked when connecting`() async throws {
        let server = try await PrivateRedis.launch([
            "--user", "app", "on", ">secret", "~*", "&*", "+@all", "--requirepass", "general",
        ])
        #expect(await attempt(server, "app", "secret") == nil)
        #expect(await attempt(server, nil, "general") == nil)
        #expect(await attempt(server, "default", "general") == nil)
        for (username, password) in [
            ("app", "hunter2"), ("nobody", "secret"), (nil, "hunter2"), (nil, nil), ("app", nil),
        ] {
            guard case .authentication(let message) = await attempt(server, username, password) else {
                Issue.record("\(username ?? "-") was not refused")
                continue
            }
            #expect(!message.contains("hunter2"))
        }
    }

    @Test func `a password for a server without one is refused`() async throws {
        let server = try await PrivateRedis.launch()
        guard case .authentication = await attempt(server, nil, "secret") else {
            Issue.record("not refused")
            return
        }
    }

    @Test func `commands fail at once with a wrong password and succeed once it is right`() async throws {
        let server = try await PrivateRedis.launch(["--requirepass", "old"])
        let client = client(of: server) {
            $0.password = Secret("new")
            $0.commandTimeout = .seconds(30)
        }
        let start = ContinuousClock.now
        guard case .authentication = await client.failure(of: Command("PING")) else {
            Issue.record("not refused")
            return
        }
        #expect(ContinuousClock.now - start < .seconds(10))
        let admin = admin(of: server)
        _ = try await admin.send(Command("CONFIG", "SET", "requirepass", "new"))
        try await connected(client)
        #expect(try await client.send(Command("PING")).string() == "PONG")
    }

    private func admin(of server: PrivateRedis) -> RedisClient {
        client(of: server) { $0.password = Secret("old") }
    }

    /// Tries until an attempt with the new password has been made.
    private func connected(_ client: RedisClient) async throws {
        while await client.failureToConnect() != nil {}
    }

    @Test func `a user without a right hears so, and the connection stays`() async throws {
        let server = try await PrivateRedis.launch([
            "--user", "viewer", "on", ">secret", "~*", "+get", "+client|setname",
        ])
        let client = client(of: server) { ($0.username, $0.password) = ("viewer", Secret("secret")) }
        guard case .permission = await client.failure(of: Command("SET", "k", "v"))
        else {
            Issue.record("not refused")
            return
        }
        #expect(try await client.send(Command("GET", "k")).isNull)
    }
}
