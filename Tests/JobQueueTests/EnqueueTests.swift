import JobModel
import JobQueueClient
import JobStore
import Redis
import TestSupport
import Testing

/// How one job is handed over.
@Suite(.serialized, .timeLimit(.minutes(1))) struct EnqueueTests {
    struct Sum: Job {
        static let name = "sum"
        var numbers: [Int]
        var note: String?
    }

    @Test func `a typed job is stored under its wire name, as JSON with sorted fields`() async throws {
        let rig = try await Rig.make()
        let handle = try await rig.jobs.enqueue(Sum(numbers: [1, 2], note: "a/b"), options: rig.options())
        let view = try await rig.view(of: handle.id, when: .queued)
        let envelope = try Envelope(parsing: view.envelope)
        #expect(envelope.name == "sum")
        #expect(String(decoding: envelope.payload, as: UTF8.self) == #"{"note":"a/b","numbers":[1,2]}"#)
        #expect(handle.queue == rig.name)
        #expect(handle.id.count == 26)
    }

    @Test func `the options of the type hold unless the call brings others`() async throws {
        struct Typed: Job {
            static let name = "typed"
            static let options = JobOptions(
                queue: "typed-queue", priority: .first, maxAttempts: 3, timeout: nil, tags: ["x"])
        }
        let server = try PrivateRedis()
        let rig = try await Rig.make(on: server)
        let handle = try await rig.jobs.enqueue(Typed())
        #expect(handle.queue.text == "typed-queue")
        let store = rig.jobs.store.queue(handle.queue)
        let envelope = try Envelope(parsing: await store.inspect([handle.id], full: true).jobs[0].envelope)
        #expect(envelope.policy.maxAttempts == 3)
        #expect(envelope.policy.priority == .first)
        #expect(envelope.policy.timeoutMs == -1)
        #expect(envelope.tags == ["x"])
        let other = try await rig.jobs.enqueue(Typed(), options: rig.options { $0.maxAttempts = 9 })
        #expect(other.queue == rig.name)
        let view = try await rig.view(of: other.id, when: .queued)
        #expect(try Envelope(parsing: view.envelope).policy.maxAttempts == 9)
        #expect(try await rig.jobs.store.queues().map(\.text) == [rig.name.text, "typed-queue"].sorted())
    }

    @Test func `a bare name takes JSON as it is`() async throws {
        let rig = try await Rig.make()
        let handle = try await rig.enqueue("x", #"{ "b" : [1, 2.50] }"#)
        let view = try await rig.view(of: handle.id, when: .queued)
        #expect(try Envelope(parsing: view.envelope).payload.elementsEqual(#"{ "b" : [1, 2.50] }"#.utf8))
    }

    @Test func `a delay and a moment schedule the job by Redis' clock`() async throws {
        let rig = try await Rig.make()
        let before = try await rig.jobs.store.time()
        let delayed = try await rig.enqueue("x", in: .seconds(100))
        let after = try await rig.jobs.store.time()
        let due = Int(try #require(try await rig.view(of: delayed.id, when: .scheduled).score)) / 10
        #expect((before + 100_000...after + 100_000).contains(due))
        let moment = after + 500_000
        let planned = try await rig.jobs.enqueue(
            name: "x", in: .seconds(5), atMilliseconds: moment, options: rig.options())
        let view = try await rig.view(of: planned.id, when: .scheduled)
        #expect(view.score == Double(moment * 10 + 5), "the moment takes precedence over the delay")
        let past = try await rig.jobs.enqueue(name: "x", atMilliseconds: 1, options: rig.options())
        try await rig.view(of: past.id, when: .queued)
    }

    @Test func `the same id and job again stores nothing and answers the same handle`() async throws {
        let rig = try await Rig.make()
        let first = try await rig.enqueue("x", "[1]", id: "order:1")
        let picture = try await rig.store.picture()
        let second = try await rig.enqueue("x", "[1]", id: "order:1")
        #expect(first.id == "order:1" && second.id == "order:1")
        #expect(try await rig.store.picture().changes(since: picture) == [])
    }

    @Test(arguments: [("x", "[2]"), ("y", "[1]")])
    func `the same id with another name or payload is a conflict`(name: String, payload: String) async throws {
        let rig = try await Rig.make()
        try await rig.enqueue("x", "[1]", id: "order:1")
        let picture = try await rig.store.picture()
        let error = await failure { () async throws(JobQueueError) in
            try await rig.jobs.enqueue(name: name, payload: payload, id: "order:1", options: rig.options())
        }
        #expect(error?.code == .conflict)
        #expect(try await rig.store.picture().changes(since: picture) == [])
    }

    @Test func `a payload may have exactly as many bytes as the limit`() async throws {
        let rig = try await Rig.make()
        let limit = JobQueue.Configuration().maxPayloadBytes
        #expect(limit == 262_144)
        let fits = "\"" + String(repeating: "x", count: limit - 2) + "\""
        let handle = try await rig.enqueue("x", fits)
        let view = try await rig.view(of: handle.id, when: .queued)
        #expect(try Envelope(parsing: view.envelope).payload.count == limit)
        let picture = try await rig.store.picture()
        let tooLarge = "\"x" + fits.dropFirst()
        let error = await failure { () async throws(JobQueueError) in
            try await rig.jobs.enqueue(name: "x", payload: tooLarge, options: rig.options())
        }
        #expect(error?.code == .payloadTooLarge)
        #expect(error?.message.contains("262145") == true)
        #expect(try await rig.store.picture().changes(since: picture) == [])
    }

    private struct Bad: Sendable {
        var what: String
        var code: JobQueueError.Code
        var name: String
        var payload: String
        var id: String?
        var change: @Sendable (inout JobOptions) -> Void

        init(
            _ what: String, _ code: JobQueueError.Code, name: String = "x", payload: String = "null", id: String? = nil,
            change: @escaping @Sendable (inout JobOptions) -> Void = { _ in }
        ) {
            self.what = what
            self.code = code
            self.name = name
            self.payload = payload
            self.id = id
            self.change = change
        }
    }

    private static let bad = [
        Bad("no name", .badName, name: ""),
        Bad("a space in the name", .badName, name: "a b"),
        Bad("a letter beyond ASCII", .badName, name: "e\u{301}"),
        Bad("a name of 65", .badName, name: String(repeating: "x", count: 65)),
        Bad("an empty id", .badName, id: ""),
        Bad("a slash in the id", .badName, id: "a/b"),
        Bad("a bad queue", .badName) { $0.queue = "{x}" },
        Bad("a bad tag", .badName) { $0.tags = ["a b"] },
        Bad("17 tags", .badOption) { $0.tags = (0..<17).map { "t\($0)" } },
        Bad("no attempts", .badOption) { $0.maxAttempts = 0 },
        Bad("too many attempts", .badOption) { $0.maxAttempts = 1_000_001 },
        Bad("no time", .badOption) { $0.timeout = .microseconds(999) },
        Bad("expired at once", .badOption) { $0.expiry = .zero },
        Bad("an empty backoff list", .badOption) { $0.backoff = .list([]) },
        Bad("no payload", .badPayload, payload: ""),
        Bad("half an object", .badPayload, payload: "{"),
        Bad("two values", .badPayload, payload: "1 2"),
        Bad("other quotes", .badPayload, payload: "{'a':1}"),
        Bad("no number", .badPayload, payload: "NaN"),
    ]

    @Test func `what breaks a rule is refused by its code and leaves no trace`() async throws {
        let rig = try await Rig.make(on: PrivateRedis())
        for bad in Self.bad {
            let error = await failure { () async throws(JobQueueError) in
                try await rig.jobs.enqueue(
                    name: bad.name, payload: bad.payload, id: bad.id, options: rig.options(bad.change))
            }
            #expect(error?.code == bad.code, "\(bad.what)")
        }
        #expect(try await rig.jobs.store.client.size() == 0)
    }

    @Test func `a job that cannot be encoded is refused`() async throws {
        struct Broken: Job {
            static let name = "broken"
            var number = Double.nan
        }
        let rig = try await Rig.make()
        let error = await failure { () async throws(JobQueueError) in
            try await rig.jobs.enqueue(Broken(), options: rig.options())
        }
        #expect(error?.code == .badPayload)
    }

    @Test(arguments: ["", "http://x", "redis://", "redis://h:0", "rediss://h?ca_file=", "unix://rel"])
    func `a bad URL is told from an unreachable one`(url: String) async {
        let error = await failure { () async throws(JobQueueError) in try await JobQueue(url: url) }
        #expect(error?.code == .badURL)
    }

    @Test func `a file that TLS needs and cannot have is told from an unreachable server`() async {
        let error = await failure { () async throws(JobQueueError) in
            try await JobQueue(url: "rediss://localhost:1?ca_file=/nonexistent/ca.pem")
        }
        #expect(error?.code == .tls)
        #expect(error?.message.contains("ca_file /nonexistent/ca.pem cannot be read") == true)
    }

    @Test func `a full queue takes no more and says so`() async throws {
        let rig = try await Rig.make()
        try await rig.enqueue("x")
        _ = try await rig.store.client.send(Command("HSET", Key.meta.name(in: rig.name), "limit_waiting", "1"))
        let error = await failure { () async throws(JobQueueError) in
            try await rig.jobs.enqueue(name: "x", options: rig.options())
        }
        #expect(error?.code == .queueFull)
    }
}
