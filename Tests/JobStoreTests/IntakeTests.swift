import JobModel
import JobStore
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(1))) struct IntakeTests {
    private func bad(_ entry: String, id: String? = nil, ttl: Int = 5000) -> QueueStore.BadEntry {
        var lost = record(attempts: 0)
        lost.last = .malformed
        return QueueStore.BadEntry(
            entry: entry, id: id ?? "inbox:\(entry)", envelope: Array("not json".utf8)[...], ttlMs: ttl, record: lost,
            error: self.error, group: commonGroup)
    }

    private var error: ErrorEntry {
        var error = entry()
        error.reason = .malformed
        return error
    }

    @Test func `good entries become jobs and leave the inbox`() async throws {
        let queue = try await stage(["inbox 1-0 = job {}", "inbox 2-0 = job {}", "inbox 3-0 = job {}"])
        let (first, second, changes) = try await queue.twice {
            try await $0.intake(
                good: [
                    ("1-0", job("a", priority: 2)), ("2-0", job("b", due: .after(ms: 5), remember: 9, digest: "d")),
                ],
                bad: [])
        }
        #expect(first == [.created, .created])
        #expect(second == [nil, nil])
        #expect(
            changes == [
                "inbox 1-0 gone", "inbox 2-0 gone", "jobs a = {}", "queued a = \(place(1, priority: 2))", "jobs b = {}",
                "scheduled b = \((start + 5) * 10 + 5)", "idem b = d", "idem-until b = \(start + 9)",
                "meta sequence = 1", "meta enqueued = 2", "wake w = 0",
            ])
    }

    @Test func `bad entries become dead letters that keep their bytes`() async throws {
        let queue = try await stage(["inbox 1-0 = job not-json", "inbox 2-0 = other field"])
        let (_, _, changes) = try await queue.twice {
            try await $0.intake(good: [], bad: [bad("1-0"), bad("2-0", ttl: -1)])
        }
        let kept = try #require(changes.lines.first { $0.hasPrefix("runs") }).dropFirst("runs inbox:1-0 = ".count)
        #expect(
            changes == [
                "inbox 1-0 gone", "jobs inbox:1-0 = not json", "dead inbox:1-0 = \(start + 5000)",
                "runs inbox:1-0 = \(kept)", "errors inbox:1-0/0 = \(text(error.encoded()))",
                "causes inbox:1-0 = \(commonGroup)/000001000000000",
                "groups \(commonGroup)/000001000000000/inbox:1-0 = 0",
                "causes inbox:2-0 = \(commonGroup)/000001000000000",
                "groups \(commonGroup)/000001000000000/inbox:2-0 = 0",
                "inbox 2-0 gone", "jobs inbox:2-0 = not json", "dead inbox:2-0 = inf",
                "runs inbox:2-0 = \(kept)", "errors inbox:2-0/0 = \(text(error.encoded()))",
                "meta enqueued = 2", "meta dead = 2",
            ])
        #expect(try await queue.inspect(["inbox:1-0"], full: true).jobs[0].record.last == .malformed)
    }

    @Test func `entries that somebody else took are gone`() async throws {
        let queue = try await stage(["inbox 2-0 = job {}"])
        let answers = try await queue.unchanged {
            try await $0.intake(good: [("1-0", job("a")), ("3-0", job("b"))], bad: [bad("4-0")])
        }
        #expect(answers == [nil, nil])
    }

    @Test func `an entry whose job is known leaves the inbox`() async throws {
        let queue = try await stage(["inbox 1-0 = job {}", "jobs a = {}", "running a = 5", "inbox 2-0 = job {}"])
        let (first, second, changes) = try await queue.twice {
            try await $0.intake(good: [("1-0", job("a")), ("2-0", job("a"))], bad: [])
        }
        #expect(first == [.duplicate(.running), .duplicate(.running)])
        #expect(second == [nil, nil])
        #expect(changes == ["inbox 1-0 gone", "inbox 2-0 gone"])
    }

    @Test func `the same job in two entries is taken in once`() async throws {
        let queue = try await stage(["inbox 1-0 = job {}", "inbox 2-0 = job {}"])
        let answers = try await queue.intake(good: [("1-0", job("a")), ("2-0", job("a"))], bad: [])
        #expect(answers == [.created, .duplicate(.queued)])
        #expect(try await queue.picture()["meta enqueued"] == "1")
        #expect(try await queue.inbox(limit: 9, cut: 99).isEmpty)
    }

    @Test func `conflicts, invalid jobs and those beyond the limit stay in the inbox`() async throws {
        let queue = try await stage([
            "inbox 1-0 = job {}", "inbox 2-0 = job {}", "inbox 3-0 = job {}", "inbox 4-0 = job {}", "jobs a = {}",
            "queued a = 5", "idem a = d", "meta limit_waiting = 2",
        ])
        let (first, second, changes) = try await queue.twice {
            try await $0.intake(
                good: [
                    ("1-0", job("a", digest: "e")), ("2-0", job("b d")), ("3-0", job("c")), ("4-0", job("d")),
                ], bad: [])
        }
        #expect(first == [.conflict(.queued), .invalid, .created, .full])
        #expect(second == [.conflict(.queued), .invalid, nil, .full])
        #expect(changes.lines.filter { $0.hasPrefix("inbox") } == ["inbox 3-0 gone"])
    }

    @Test func `a dead letter never overwrites a job that has its id`() async throws {
        let queue = try await stage(["inbox 1-0 = job x", "jobs inbox:1-0 = {}", "queued inbox:1-0 = 5"])
        _ = try await queue.twice { try await $0.intake(good: [], bad: [bad("1-0")]) }
        try await queue.draw(["inbox 2-0 = job {}", "inbox 3-0 = job x"])
        let good = (entry: "2-0", job: job("inbox:3-0"))
        #expect(try await queue.intake(good: [good], bad: [bad("3-0")]) == [.created])
        let picture = try await queue.picture()
        for id in ["inbox:1-0", "inbox:3-0"] {
            #expect(picture["jobs \(id)"] == "{}")
            #expect(picture["dead \(id)"] == nil)
            // Under another id, and not in the inbox any more: else it would be read again for ever.
            #expect(picture["jobs \(id):\(start * 1000)"] == "not json")
            #expect(picture["dead \(id):\(start * 1000)"] != nil)
        }
        #expect(try await queue.inbox(limit: 9, cut: 9).isEmpty)
    }

    @Test func `the longest number of an entry leaves room for the time in an id`() {
        let entry = "\(UInt64.max)-\(UInt64.max)"
        #expect("inbox:\(entry):\(Due.latest * 1000 / 1000)".utf8.count <= 64)
    }

    @Test func `good and bad entries of one call do not mix`() async throws {
        let queue = try await stage(["inbox 1-0 = job {}", "inbox 2-0 = job x", "inbox 3-0 = job {}"])
        let answers = try await queue.intake(good: [("1-0", job("a")), ("3-0", job("b"))], bad: [bad("2-0")])
        #expect(answers == [.created, .created])
        let view = try await queue.inspect(["a", "inbox:2-0", "b"], full: false).jobs
        #expect(view.map(\.state) == [.queued, .dead, .queued])
    }

    @Test func `the inbox is read oldest first, whatever its fields`() async throws {
        let queue = try await stage([
            "inbox 1-0 = job {1}", "inbox 2-0 = other x", "inbox 2-1 = a b job {2} c d", "inbox 3-0 = job {3}",
        ])
        let entries = try await queue.inbox(limit: 3, cut: 99)
        #expect(entries.map(\.entry) == ["1-0", "2-0", "2-1"])
        #expect(entries.map { text($0.envelope) } == ["{1}", "", "{2}"])
    }

    @Test func `what is read of the inbox at once is bounded`() async throws {
        let queue = try await stage(["inbox 1-0 = job 12345", "inbox 2-0 = job 123"])
        let entries = try await queue.inbox(limit: 9, cut: 4)
        #expect(entries.map { text($0.envelope) } == ["1234", "123"])
        #expect(entries.map(\.size) == [5, 3])
        let long = String(repeating: "x", count: 400_000)
        try await queue.draw((3...9).map { "inbox \($0)-0 = job \(long)" })
        #expect(try await queue.inbox(limit: 9, cut: 400_000).count == 5)
        #expect(try await queue.inbox(limit: 1, cut: 400_000).count == 1)
        let whole = String(repeating: "x", count: 2 << 20)
        let other = try await stage(["inbox 1-0 = job \(whole)", "inbox 2-0 = job x"])
        #expect(try await other.inbox(limit: 9, cut: 4 << 20).map(\.size) == [2 << 20])
    }
}
