import HTTPTypes
import JobModel
import JobQueueClient
import Redis
import TestSupport
import Testing

@testable import JobQueueHTTP
@testable import JobStore

@Suite(.timeLimit(.minutes(1))) struct TokenGateTests {
    // MARK: Who is let in

    @Test func `an unknown id, a wrong secret and a revoked token get one answer`() async throws {
        try await Doorstep.open { door in
            let (token, revoked) = (try await door.token(), try await door.token())
            _ = try await door.admit(token)
            #expect(try await door.registry.revoke(revoked.id))
            let thief = try Self.forged(id: token.id)
            let answers = [
                try await door.refusal(AccessToken()), try await door.refusal(thief), try await door.refusal(revoked),
            ].map { $0.map { "\($0.kind.name) \($0.detail) \($0.headers)" } }
            #expect(Set(answers).count == 1 && answers[0]?.hasPrefix("unauthenticated") == true, "\(answers)")
            // The guess did not push the owner out.
            #expect(try await door.refusal(token) == nil)
        }
    }

    /// A whole token with somebody else's id.
    static func forged(id: String) throws -> AccessToken {
        let body = Array((id + String(AccessToken().reveal().dropFirst(16).prefix(30))).utf8)
        var rest = CRC32.of(body)
        let digits = Array("0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
        var sum = ""
        for _ in 0..<6 {
            sum = "\(digits[Int(rest % 62)])" + sum
            rest /= 62
        }
        return try #require(AccessToken("qw_\(id)_\(String(decoding: body.dropFirst(12), as: UTF8.self))\(sum)"))
    }

    @Test(arguments: Scope.allCases) func `a token with one scope may use the routes of that scope only`(
        scope: Scope
    ) async throws {
        try await Doorstep.open { door in
            let token = try await door.token([scope])
            for other in Scope.allCases {
                let route = Route(.get, "/v1/x", other) { _ in Answer(.ok) }
                let answer = try await door.ask(.get, "/v1/x", token.header, by: route)
                #expect(answer.status == (other == scope ? .ok : .forbidden))
                if other != scope { #expect(answer.text.contains("this needs the scope \(other.rawValue)")) }
            }
        }
    }

    @Test func `a token may use the queues of its patterns only`() async throws {
        try await Doorstep.open { door in
            let token = try await door.token([.jobsRead], ["mail*", "sms"])
            let route = Route(.get, "/v1/queues/{queue}", .jobsRead) { call async throws(Problem) in
                .text(try call.queue().text)
            }
            for (queue, status) in [
                ("mail", 200), ("mail-de", 200), ("sms", 200), ("sms2", 403), ("Mail", 403), ("email", 403),
                ("default", 403), ("a b", 400), ("*", 400),
            ] {
                let answer = try await door.ask(.get, "/v1/queues/x", token.header, by: route, ["queue": queue])
                #expect(answer.status.code == status, "\(queue)")
            }
        }
    }

    // MARK: Time

    @Test func `a revoked token ends when the answer of Redis is four seconds old, and its streams with it`()
        async throws
    {
        try await Doorstep.open { door in
            let (token, other) = (try await door.token(), try await door.token())
            let caller = try await door.admit(token).caller
            _ = try await door.admit(other)
            #expect(try await door.registry.revoke(token.id))
            door.clock.pass(.milliseconds(4000))
            #expect(try await door.refusal(token) == nil)
            #expect(await caller.isStillValid())
            door.clock.pass(.milliseconds(1))
            #expect(await !caller.isStillValid())
            #expect(try await door.refusal(token)?.kind == .unauthenticated)
            #expect(try await door.refusal(other) == nil)
        }
    }

    @Test func `a token that is made while the server runs works at once`() async throws {
        try await Doorstep.open { door in
            let before = try await door.refusal(AccessToken())
            let token = try await door.token()
            #expect(before != nil)
            #expect(try await door.refusal(token) == nil)
        }
    }

    @Test func `a token expires at its moment, though Redis is not asked again`() async throws {
        try await Doorstep.open { door in
            let token = try await door.token(expiresMs: try await door.queue.store.time() + 60_000)
            let caller = try await door.admit(token).caller
            // Redis' clock has gone on since; its answer was taken at the time that stands still here.
            door.clock.pass(.milliseconds(3000))
            #expect(try await door.refusal(token) == nil)
            let short = try await door.token(expiresMs: try await door.queue.store.time() + 3900)
            let brief = try await door.admit(short).caller
            door.clock.pass(.milliseconds(3900))
            try await eventually({ try await door.queue.store.token(short.id).now }) {
                $0 >= brief.expiresMs ?? Int.max
            }
            #expect(await !brief.isStillValid())
            let problem = try await door.refusal(short)
            #expect(problem?.kind == .unauthenticated && problem?.detail.contains("expired") == true)
            #expect(await caller.isStillValid())
            // Who does not have the secret is not told that there was such a token.
            #expect(try await door.refusal(try Self.forged(id: short.id))?.detail.contains("not known") == true)
        }
    }

    @Test func `two tokens of one owner are good at the same time`() async throws {
        try await Doorstep.open { door in
            let (old, new) = (try await door.token(note: "shop"), try await door.token(note: "shop"))
            #expect(try await door.refusal(old) == nil)
            #expect(try await door.refusal(new) == nil)
            #expect(try await door.registry.revoke(old.id))
            door.clock.pass(.seconds(5))
            #expect(try await door.refusal(old) != nil)
            #expect(try await door.refusal(new) == nil)
        }
    }

    // MARK: Redis away

    @Test func `while Redis is away who was known goes on for a minute, and others are told to come back`() async throws
    {
        try await Doorstep.open(timeout: .milliseconds(500)) { door in
            let (token, stranger) = (try await door.token(), try await door.token())
            // Half a second may be too short on a busy machine.
            try await eventually({ try await door.refusal(token)?.kind.name }) { $0 == nil }
            door.redis.kill()
            door.clock.pass(.seconds(30))
            #expect(try await door.refusal(token) == nil)
            let problem = try await door.refusal(stranger)
            #expect(problem?.kind == .redisUnavailable && problem?.headers[.retryAfter] == "1")
            // A wrong secret is not let in because nobody can be asked.
            #expect(try await door.refusal(try Self.forged(id: token.id))?.kind == .redisUnavailable)
            door.clock.pass(.seconds(30))
            #expect(try await door.refusal(token) == nil)
            door.clock.pass(.milliseconds(1))
            #expect(try await door.refusal(token)?.kind == .redisUnavailable)
        }
    }

    @Test func `when Redis is back, tokens are asked for again`() async throws {
        try await Doorstep.open(timeout: .milliseconds(500)) { door in
            let token = try await door.token()
            try await eventually({ try await door.refusal(token)?.kind.name }) { $0 == nil }
            door.redis.freeze()
            door.clock.pass(.seconds(61))
            #expect(try await door.refusal(token)?.kind == .redisUnavailable)
            door.redis.thaw()
            try await eventually({ try await door.refusal(token)?.kind.name }) { $0 == nil }
        }
    }

    // MARK: Bounds, notes, logs

    @Test func `a use is noted once a minute, and never brings a revoked token back`() async throws {
        try await Doorstep.open { door in
            let token = try await door.token()
            func used() async throws -> Int? { try await door.registry.all().first?.usedMs }
            #expect(try await used() == nil)
            _ = try await door.admit(token)
            let first = try await used()
            #expect(first != nil)
            _ = try await door.queue.store.client.send(Command("HSET", Registry.tokenUses, token.id, "7"))
            door.clock.pass(.milliseconds(59_999))
            _ = try await door.admit(token)
            #expect(try await used() == 7)
            door.clock.pass(.milliseconds(4001))
            _ = try await door.admit(token)
            #expect(try await used() ?? 0 >= first ?? Int.max)
            #expect(try await door.registry.revoke(token.id))
            try await door.registry.note(use: token.id, at: 9, timeout: .seconds(5))
            #expect(try await door.registry.all().isEmpty)
            #expect(try await door.registry.find(token.id).record == nil)
        }
    }

    @Test func `the cache holds no more than it may, and the longest not asked for goes first`() {
        var cache = TokenCache(limit: 3)
        let start = ContinuousClock.now
        let tokens = (0..<5).map { _ in AccessToken() }
        for (index, token) in tokens.enumerated() {
            let record = TokenRecord(token, TokenRights(scopes: [], queues: []), createdMs: 0, createdBy: "")
            let isDue = cache.keep(record, asked: start + .seconds(index), redisNow: 0)
            #expect(isDue)
        }
        func has(_ token: AccessToken) -> Bool {
            cache.find(token.id, token.digest, age: .seconds(60), now: start + .seconds(5)) != nil
        }
        #expect(cache.count == 3 && tokens.map(has) == [false, false, true, true, true])
    }

    @Test func `a token at its rate is told when to go on, and a rate of its own comes first`() async throws {
        try await Doorstep.open(rate: 2) { door in
            let (token, free, narrow) = (
                try await door.token(), try await door.token(rate: 0), try await door.token(rate: 1)
            )
            let first = try await door.admit(token).headers
            #expect(first[.rateLimitPolicy] == #""default";q=2;w=60"# && first[.rateLimit] == #""default";r=1;t=30"#)
            _ = try await door.admit(token)
            let problem = try await door.refusal(token)
            #expect(problem?.kind == .quotaExceeded && problem?.headers[.retryAfter] == "30")
            door.clock.pass(.seconds(30))
            #expect(try await door.refusal(token) == nil)
            for _ in 0..<20 { #expect(try await door.admit(free).headers.isEmpty) }
            _ = try await door.admit(narrow)
            #expect(try await door.refusal(narrow)?.headers[.retryAfter] == "60")
        }
    }

    @Test func `who is not let in is logged, once a second`() async throws {
        try await Doorstep.open { door in
            for _ in 0..<50 { _ = try await door.refusal(AccessToken()) }
            #expect(door.lines.of("auth.failed").count == 1)
            door.clock.pass(.seconds(1))
            let last = AccessToken()
            _ = try await door.refusal(last)
            let lines = door.lines.of("auth.failed")
            #expect(lines.count == 2 && lines[1].contains("failures=50") && lines[1].contains("token=\(last.id)"))
            #expect(lines[1].hasPrefix("notice not let in: unknown or revoked"))
        }
    }
}
