import JobModel
import Redis
import TestSupport
import Testing

@testable import JobStore

/// What the scripts tell while somebody watches.
@Suite(.timeLimit(.minutes(1))) struct EventTests {
    /// A stage that somebody watches.
    private func watched(_ lines: [String] = []) async throws -> QueueStore {
        let queue = try await stage(lines)
        _ = try #require(try await queue.watch(ms: 60_000))
        return queue
    }

    /// What was told so far, without the marks of who watches: `claimed a b incarnation=7`.
    private func told(_ queue: QueueStore) async throws -> [String] {
        let picture = try await queue.picture()
        return picture.lines.filter { $0.hasPrefix("events ") }.compactMap { line in
            // `events 1-0 = event claimed at 5 ids a b incarnation 7`
            let words = line.split(separator: " ", omittingEmptySubsequences: false).map(String.init)
            #expect(words[3] == "event" && words[5] == "at" && words[7] == "ids")
            let ids = words[8..<words.count - 2].joined(separator: " ")
            let fact = words[words.count - 2] == "more" ? "" : " \(words[words.count - 2])=\(words[words.count - 1])"
            return words[4] == "watched" ? nil : "\(words[4]) \(ids)\(fact)"
        }
    }

    private func told(
        _ lines: [String] = [], at moment: Int = start, _ call: (QueueStore) async throws -> Void
    ) async throws -> [String] {
        let queue = try await watched(lines)
        try await call(queue.at(moment))
        return try await told(queue)
    }

    @Test func `what comes in is told, by the time of its run`() async throws {
        let plain = try await told { _ = try await $0.enqueue([job("a"), job("b")]) }
        #expect(plain == ["enqueued a b"])
        let mixed = try await told {
            _ = try await $0.enqueue([job("a"), job("b", due: .after(ms: 5)), job("c", remember: 9), job("a")])
        }
        #expect(mixed == ["enqueued a c", "enqueued b state=scheduled"])
        let inbox = try await told(["inbox 1-0 = job {}", "inbox 2-0 = job x"]) {
            _ = try await $0.intake(
                good: [("1-0", job("a"))],
                bad: [
                    .init(
                        entry: "2-0", id: "inbox:2-0", envelope: [120], ttlMs: 5, record: record(), error: entry(),
                        group: commonGroup)
                ])
        }
        #expect(inbox == ["enqueued a", "dead inbox:2-0"])
        let refused = try await told(["meta limit_waiting = 0"]) { _ = try await $0.enqueue([job("a")]) }
        #expect(refused == [])
    }

    @Test func `an entry tells of two hundred jobs at most`() async throws {
        let ids = (1001...1450).map { "\($0)" }
        let queue = try await watched()
        _ = try await queue.enqueue(ids.map { job($0) })
        let lines = try await told(queue)
        #expect(lines.map { $0.split(separator: " ").count - 1 } == [200, 200, 50])
        #expect(lines.flatMap { $0.split(separator: " ").dropFirst() }.map(String.init) == ids)
    }

    @Test func `a claim is told with who claims, once, and what has no envelope dies`() async throws {
        let line = ["jobs a = {}", "queued a = \(place(1))", "queued b = \(place(2))"]
        let lines = try await told(line) { queue in
            _ = try await queue.claimed(1)
            _ = try await queue.claimed(1)
            _ = try await queue.claimed(2)
        }
        #expect(lines == ["claimed a incarnation=7", "dead b"])
    }

    @Test func `each way to end a run is told with whose run it was`() async throws {
        let ids = ["a", "b", "c", "d", "e", "f", "g"]
        let queue = try await watched(
            ids.flatMap { ["jobs \($0) = {}", "running \($0) = \(token(1).number)"] }
                + ["claims 7 = 1", "asked g = \(token(1).number)"])
        let ends: [Disposition] = [
            .done(ttlMs: 5, result: []), .done(ttlMs: 0, result: []),
            .retry(due: .after(ms: 5), .normal, record(), entry()), .front(.normal, nil, nil),
            .suspect(due: .now, .normal, record(), entry()), .dead(ttlMs: 5, record(), entry(), commonGroup),
            .retry(due: .after(ms: 5), .normal, record(), entry()),
        ]
        let settlements = zip(ids, ends).map { Settlement(id: $0, token: token(1), disposition: $1) }
        for _ in 0..<2 { _ = try await queue.settle(worker, settlements) }
        #expect(
            try await told(queue) == [
                "succeeded a b incarnation=7", "released d incarnation=7", "retrying c incarnation=7",
                "suspect e incarnation=7", "dead f incarnation=7", "cancelled g incarnation=7",
            ])
    }

    @Test func `what the passing of time does is told`() async throws {
        let due = [
            "scheduled a = \(start * 10 + 5)", "retrying b = \(start * 10 + 5)", "retrying c = 5", "running c = 1",
        ]
        #expect(try await told(due) { _ = try await $0.promote() } == ["promoted a b"])
        let lost = ["jobs a = {}", "running a = \(token(1).number)", "leases 7 = \(start)"]
        #expect(try await told(lost) { _ = try await $0.recover() } == ["recovered a incarnation=7"])
        let old = ["succeeded a = 5", "dead b = 5", "cancelled c = 5", "dead d = inf"]
        #expect(
            try await told(old) { _ = try await $0.prune() } == ["forgotten a", "forgotten b", "forgotten c"])
    }

    @Test func `what people do is told`() async throws {
        let some = [
            "jobs a = {}", "queued a = \(place(1))", "jobs b = {}", "running b = \(token(1).number)", "jobs c = {}",
            "dead c = inf",
        ]
        #expect(
            try await told(some) { _ = try await $0.cancel(["a", "b", "c", "x"]) } == ["cancelled a", "asked b"])
        #expect(
            try await told(some) {
                _ = try await $0.requeue([.init(id: "c", priority: .normal, old: [], new: record())])
            } == ["requeued c"])
        #expect(
            try await told(some) { _ = try await $0.remove(["a", "b", "c"].map { .init(id: $0) }) } == ["deleted a c"])
        #expect(
            try await told(some) { queue in
                _ = try await queue.pause(by: "me", reason: "x")
                _ = try await queue.pause(by: "you", reason: "y")
                _ = try await queue.resume()
                _ = try await queue.resume()
            } == ["paused ", "resumed "])
        let copy = DeadCopy(
            id: "z", envelope: ArraySlice("{}".utf8), forgetMs: -1, diedMs: 5, record: [],
            errors: [0: ArraySlice(entry().encoded())])
        #expect(try await told(some) { _ = try await $0.restore([copy]) } == ["restored z"])
    }

    @Test(arguments: [
        ("queued a = \(place(1))", Due?.none, "queued"), ("queued a = \(place(1))", .after(ms: 9), "scheduled"),
        ("scheduled a = \((start + 50) * 10)", .now, "queued"), ("retrying a = 15", nil, "retrying"),
        ("dead a = inf", nil, "dead"),
    ])
    func `an edit is told with where the job is then`(before: String, due: Due?, after: String) async throws {
        let queue = try await watched(["jobs a = {}", before])
        let seen = try #require(try await queue.inspect(["a"], full: true).jobs[0].version)
        _ = try await queue.edit(.init(id: "a", version: seen, envelope: [123, 125], priority: .normal, due: due))
        #expect(try await told(queue) == ["edited a state=\(after)"])
    }

    // MARK: Who watches, and when nobody does

    /// A job's way through the scripts of every day.
    private func day(_ queue: QueueStore) async throws {
        for turn in 1...3 {
            _ = try await queue.enqueue((1...5).map { job("\(turn).\($0)") })
            _ = try await queue.enqueue([job("late\(turn)", due: .at(ms: start))])
            let jobs = try await queue.claimed(turn).jobs
            let ends = jobs.map { Settlement(id: $0.id, token: token(turn), disposition: .done(ttlMs: 5, result: [])) }
            _ = try await queue.settle(worker, ends)
            _ = try await queue.promote()
            _ = try await queue.cancel(["1.1"])
        }
    }

    @Test func `while nobody watches nothing is written, and no command more is called`() async throws {
        let redis = try PrivateRedis()
        let client = try await TestQueue.client(redis)
        let queue = Store(client).queue(.default).at(start)
        try await queue.draw(["meta format = 1", "meta lease_ms = 30000", "leases 7 = \(start + 20_000)"])
        try await day(queue)
        func calls() async throws -> [String: Int] {
            let text = try await client.send(Command("INFO", "commandstats")).string()
            let pairs = text.matches(of: /cmdstat_([a-z]+):calls=(\d+)/).map { (String($0.1), Int($0.2) ?? 0) }
            return Dictionary(uniqueKeysWithValues: pairs)
        }
        let seen = try await calls()
        #expect(seen["xadd"] == nil && seen["pexpire"] == nil && (seen["hmget"] ?? 0) > 10)
        #expect(
            try await queue.picture().lines.allSatisfy { !$0.hasPrefix("events ") && !$0.hasPrefix("meta watched") })
        await client.close()
    }

    @Test func `who has stopped watching is told of nothing after the time`() async throws {
        let queue = try await stage()
        #expect(try await queue.watch(ms: 10_000)?.wasWatched == false)
        _ = try await queue.at(start + 9999).enqueue([job("a")])
        _ = try await queue.at(start + 10_000).enqueue([job("b")])
        #expect(try await told(queue) == ["enqueued a"])
        let ttl = try await queue.client.send(Command("PTTL", Key.events.name(in: queue.name))).integer()
        #expect((1...10_000).contains(ttl), "and the key goes")
        // The clock went back by a year: nobody has watched for so long, or will.
        try await queue.draw(["meta watched = \(start + 31_000_000_000)"])
        _ = try await queue.enqueue([job("c")])
        #expect(try await told(queue) == ["enqueued a"])
    }

    @Test func `the one who watches for longest counts`() async throws {
        let queue = try await watched()
        #expect(try await queue.at(start + 5).watch(ms: 10_000)?.wasWatched == true)
        #expect(try await queue.picture()["meta watched"] == "\(start + 60_000)")
        let ttl = try await queue.client.send(Command("PTTL", Key.events.name(in: queue.name))).integer()
        #expect((20_000...60_000).contains(ttl))
    }

    @Test func `a queue that is not there is not made by watching it`() async throws {
        let queue = try await TestQueue.make().at(start)
        #expect(try await queue.unchanged { try await $0.watch(ms: 10_000)?.wasWatched } == nil)
    }

    @Test func `nothing fails because it cannot be told, and what is gone is not made again`() async throws {
        let queue = try await watched()
        let key = Key.events.name(in: queue.name)
        _ = try await queue.client.send(Command("DEL", key))
        #expect(try await queue.enqueue([job("a")]).admissions == [.created])
        #expect(try await queue.client.send(Command("EXISTS", key)).integer() == 0)
        _ = try await queue.client.send(Command("SET", key, "x"))
        #expect(try await queue.enqueue([job("b")]).admissions == [.created])
        #expect(try await queue.claimed(1).ids == ["a", "b"])
        _ = try await queue.client.send(Command("DEL", key))
    }

    @Test func `a user who may not tell does everything else while somebody watches`() async throws {
        let redis = try PrivateRedis()
        let admin = try await TestQueue.client(redis)
        let watched = Store(admin).queue(.default).at(start)
        try await watched.draw(["meta format = 1", "meta lease_ms = 30000", "leases 7 = \(start + 20_000)"])
        _ = try #require(try await watched.watch(ms: 60_000))
        let rules = Rights.grant(to: "jobs").split(separator: " ").dropFirst()
            .filter { !["+xadd", "+pexpire", "+xread"].contains($0) }
        var words = Arguments()
        for word in rules + ["on", ">secret"] { words.append(String(word)) }
        _ = try await admin.send(Command("ACL", words))
        var configuration = try RedisConfiguration(url: redis.url)
        (configuration.username, configuration.password) = ("jobs", Secret("secret"))
        let client = RedisClient(configuration)
        try await day(Store(client).queue(.default).at(start))
        await client.close()
        #expect(try await told(watched) == [])
        #expect(try await watched.snapshot().total("succeeded") > 0)
        await admin.close()
    }

    @Test func `however much happens, what is told is bounded`() async throws {
        let queue = try await watched(["jobs a = {}", "queued a = \(place(1))"])
        let pauses = (0..<1500).flatMap { _ in [true, false] }
        for isPause in pauses {
            if isPause { _ = try await queue.pause(by: "", reason: "") } else { _ = try await queue.resume() }
        }
        let length = try await queue.client.send(Command("XLEN", Key.events.name(in: queue.name))).integer()
        #expect((2000...2200).contains(length), "\(length)")
    }
}
