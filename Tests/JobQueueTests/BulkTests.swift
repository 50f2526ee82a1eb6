import JobModel
import JobQueueClient
import JobQueueWorker
import JobStore
import Redis
import TestSupport
import Testing

/// Many jobs in few round trips.
@Suite(.serialized, .timeLimit(.minutes(1))) struct BulkTests {
    private func state(_ result: EnqueueResult) -> String {
        switch result {
        case .created: "created"
        case .duplicate(_, let state): "duplicate \(state?.rawValue ?? "forgotten")"
        case .conflict: "conflict"
        case .refused(let error): "\(error.code)"
        }
    }

    @Test func `each of 2,500 jobs is answered in order, and bad ones keep none out`() async throws {
        let rig = try await Rig.make(on: PrivateRedis())
        try await rig.enqueue("x", "[0]", id: "taken")
        let bad = [
            400: JobQueue.BareJob(name: "", payload: "[400]"), 999: .init(name: "x", payload: "{"),
            1000: .init(name: "x", payload: "[1000]", id: "a b"), 1500: .init(name: "x", payload: "[0]", id: "taken"),
            1501: .init(name: "x", payload: "[1]", id: "taken"), 2499: .init(name: "x", payload: "]"),
        ]
        let jobs = (0..<2500).map { bad[$0] ?? JobQueue.BareJob(name: "x", payload: "[\($0)]") }
        let results = await rig.jobs.enqueue(contentsOf: jobs, options: rig.options())
        #expect(results.count == 2500)
        let words = [
            400: "bad-name", 999: "bad-payload", 1000: "bad-name", 1500: "duplicate queued", 1501: "conflict",
            2499: "bad-payload",
        ]
        for (position, result) in results.enumerated() where state(result) != words[position] ?? "created" {
            Issue.record("job \(position): \(state(result))")
        }
        #expect(try await rig.store.snapshot().count(.queued) == 1 + 2500 - bad.count)
        for position in [0, 998, 1001, 1999, 2498] {
            guard case .created(let handle) = results[position] else { continue }
            let view = try await rig.view(of: handle.id, when: .queued)
            #expect(try Envelope(parsing: view.envelope).payload.elementsEqual("[\(position)]".utf8))
        }
    }

    @Test func `a round trip carries at most 1,000 jobs, and a short call takes one`() async throws {
        let rig = try await Rig.make(on: PrivateRedis())
        try await rig.enqueue("x")
        // Of a near Redis a batch of 128 may leave before it is full.
        for (jobs, trips) in [(127, 1...1), (1000, 1...8), (1001, 2...8), (2500, 3...20)] {
            let before = try await rig.jobs.store.client.calls(of: "evalsha")
            let results = await rig.jobs.enqueue(
                contentsOf: [JobQueue.BareJob](repeating: .init(name: "x"), count: jobs), options: rig.options())
            #expect(results.allSatisfy { state($0) == "created" })
            #expect(trips.contains(try await rig.jobs.store.client.calls(of: "evalsha") - before))
        }
    }

    @Test func `jobs of one call start in its order, whatever batches they travelled in`() async throws {
        let rig = try await Rig.make(on: PrivateRedis())
        let numbers = (0..<1500).map { "\($0)" }
        let jobs = numbers.map { JobQueue.BareJob(name: "x", payload: $0) }
        let results = await rig.jobs.enqueue(contentsOf: jobs, options: rig.options())
        #expect(results.allSatisfy { state($0) == "created" })
        let log = Log<String>()
        try await rig.drain(Handlers("x") { payload, _ in log.note(payload) }) { configuration in
            configuration.concurrency = 1
            configuration.prefetch = 0
        }
        let misplaced = zip(log.items, numbers).first { $0 != $1 }
        #expect(misplaced == nil)
        #expect(log.items.count == numbers.count)
    }

    @Test func `a round trip carries a mebibyte of envelopes`() async throws {
        let rig = try await Rig.make(on: PrivateRedis())
        try await rig.enqueue("x")
        let large = "\"" + String(repeating: "x", count: 200_000) + "\""
        let before = try await rig.jobs.store.client.calls(of: "evalsha")
        _ = await rig.jobs.enqueue(
            contentsOf: [JobQueue.BareJob](repeating: .init(name: "x", payload: large), count: 10),
            options: rig.options())
        #expect(try await rig.jobs.store.client.calls(of: "evalsha") - before == 2)
    }

    @Test func `500 concurrent calls share few round trips, and each has its own job`() async throws {
        let rig = try await Rig.make(on: PrivateRedis())
        try await rig.enqueue("x")
        let before = try await rig.jobs.store.client.calls(of: "evalsha")
        let ids = try await withThrowingTaskGroup(of: (Int, String).self) { group in
            for number in 0..<500 { group.addTask { (number, try await rig.enqueue("x", "\(number)").id) } }
            return try await group.reduce(into: [:]) { $0[$1.0] = $1.1 }
        }
        let calls = try await rig.jobs.store.client.calls(of: "evalsha") - before
        #expect(calls < 100, "500 jobs took \(calls) calls")
        #expect(Set(ids.values).count == 500)
        for number in stride(from: 0, to: 500, by: 50) {
            let view = try await rig.view(of: #require(ids[number]), when: .queued)
            #expect(try Envelope(parsing: view.envelope).payload.elementsEqual("\(number)".utf8))
        }
    }

    @Test func `many typed jobs may wait for the same time`() async throws {
        let rig = try await Rig.make()
        let jobs = (0..<5).map { EnqueueTests.Sum(numbers: [$0]) }
        let results = await rig.jobs.enqueue(contentsOf: jobs, in: .seconds(60), options: rig.options())
        #expect(results.map(state) == [String](repeating: "created", count: 5))
        #expect(try await rig.store.snapshot().count(.scheduled) == 5)
    }

    @Test func `no jobs are no round trip`() async throws {
        let rig = try await Rig.make(on: PrivateRedis())
        #expect(await rig.jobs.enqueue(contentsOf: [JobQueue.BareJob](), options: rig.options()).isEmpty)
        #expect(try await rig.jobs.store.client.size() == 0)
    }
}
