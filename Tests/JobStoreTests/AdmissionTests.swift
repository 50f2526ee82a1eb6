import JobModel
import JobStore
import TestSupport
import Testing

/// Who is turned away at the door, and why.
/// An id that our client made comes with the empty digest; a caller's own with that of name and payload.
@Suite(.timeLimit(.minutes(1))) struct SameIDTests {
    @Test func `a caller's own id does not match a job under an id that our client made`() async throws {
        let queue = try await stage(["jobs a = {}", "queued a = 5"])
        let answers = try await queue.unchanged {
            try await $0.enqueue([job("a"), job("a", remember: 9, digest: "d")]).admissions
        }
        #expect(answers == [.duplicate(.queued), .conflict(.queued)])
    }

    @Test func `the same holds within one call`() async throws {
        let queue = try await stage()
        let answers = try await queue.enqueue([
            job("a"), job("a", remember: 9, digest: "d"), job("b", remember: 9, digest: "d"),
            job("b", remember: 9, digest: "e"), job("b", remember: 9, digest: "d"),
        ]).admissions
        #expect(answers == [.created, .conflict(.queued), .created, .conflict(.queued), .duplicate(.queued)])
    }
}

@Suite(.timeLimit(.minutes(1))) struct AdmissionTests {
    @Test func `a full queue takes no more, but still knows its jobs`() async throws {
        let queue = try await stage([
            "meta limit_waiting = 4", "jobs a = {}", "queued a = 1", "scheduled b = 9e10", "retrying c = 9e10",
        ])
        let (first, second, changes) = try await queue.twice {
            try await $0.enqueue([job("a"), job("d"), job("e"), job("a")])
        }
        #expect(first.admissions == [.duplicate(.queued), .created, .full, .duplicate(.queued)])
        #expect(second.admissions == [.duplicate(.queued), .duplicate(.queued), .full, .duplicate(.queued)])
        #expect(
            changes == [
                "jobs d = {}", "queued d = \(place(1))", "wake w = 0", "meta sequence = 1", "meta enqueued = 1",
            ])
    }

    @Test func `running and ended jobs do not fill a queue`() async throws {
        let queue = try await stage(["meta limit_waiting = 1", "running a = 5", "dead b = 5", "suspect c = 5"])
        #expect(try await queue.enqueue([job("d")]).admissions == [.created])
    }

    @Test func `only so many ids are remembered beyond their jobs`() async throws {
        let queue = try await stage(["meta limit_idem = 2", "idem a = d", "idem-until a = 1"])
        let (first, _, _) = try await queue.twice {
            try await $0.enqueue([
                job("b", remember: 1, digest: "d"), job("c", remember: 1, digest: "d"), job("e"),
                job("a", remember: 1, digest: "d"),
            ])
        }
        #expect(first.admissions == [.created, .full, .created, .duplicate(nil)])
    }

    @Test(arguments: [
        "", String(repeating: "a", count: 65), "a b", "é", "a\0b", "a\nb", "a/b", "{a}", "a\u{202E}", "a%", "[", "^a",
    ])
    func `a bad id is invalid`(id: String) async throws {
        let queue = try await stage()
        #expect(try await queue.unchanged { try await $0.enqueue([job(id)]) }.admissions == [.invalid])
    }

    @Test(arguments: ["a", "A-z_0.9:", "0", "-", String(repeating: "z", count: 64)])
    func `a good id is taken`(id: String) async throws {
        let queue = try await stage()
        #expect(try await queue.enqueue([job(id)]).admissions == [.created])
    }

    /// Envelope, priority, due, remember.
    @Test(arguments: [
        ["", "5", "0", "0"], ["{}", "-1", "0", "0"], ["{}", "10", "0", "0"], ["{}", "5.5", "0", "0"],
        ["{}", "x", "0", "0"], ["{}", "", "0", "0"], ["{}", "nan", "0", "0"], ["{}", "inf", "0", "0"],
        ["{}", "5", "900000000000001", "0"], ["{}", "5", "-900000000000001", "0"], ["{}", "5", "nan", "0"],
        ["{}", "5", "inf", "0"], ["{}", "5", "-inf", "0"], ["{}", "5", "1.5", "0"], ["{}", "5", "x", "0"],
        ["{}", "5", "", "0"], ["{}", "5", "0", "x"], ["{}", "5", "0", ""], ["{}", "5", "0", "nan"],
        ["{}", "5", "0", "inf"], ["{}", "5", "0", "-1"], ["{}", "5", "0", "1.5"],
    ])
    func `a job with a bad value is invalid, and its neighbour is taken in`(values: [String]) async throws {
        let queue = try await stage()
        let bad = ["bad"] + values + [""]
        let good = ["good", "{}", "5", "0", "0", ""]
        #expect(try await queue.raw(.enqueue, ["2", "0", ""] + bad + good) == ["ok", "\(start)", "1", "invalid"])
        let picture = try await queue.picture()
        #expect(picture["jobs good"] == "{}")
        #expect(!picture.lines.contains { $0.contains("bad") })
    }

    @Test func `the latest moment and the longest delay keep their priority`() async throws {
        let queue = try await stage()
        _ = try await queue.enqueue([
            job("a", priority: 9, due: .at(ms: Due.latest)), job("b", priority: 9, due: .after(ms: Due.latest)),
        ])
        let picture = try await queue.picture()
        #expect(picture["scheduled a"] == "9000000000000009")
        #expect(picture["scheduled b"] == "9000000000000009")
    }
}

/// Jobs that are due now, not remembered and of one priority are sent in two arguments each; the script takes a shorter way
/// when nothing can be said against them. Nobody may notice.
@Suite(.timeLimit(.minutes(1))) struct PlainJobsTests {
    private static let plain = ["a", "b", "c"]

    /// Lines of the queue before, ids, envelopes, atomic.
    @Test(
        arguments: [
            ([], plain, false), ([], plain, true), (["jobs b = {}", "queued b = 5"], plain, false),
            (["jobs b = {}", "dead b = 5"], plain, true), ([], ["a", "b", "a"], false), ([], ["a", "b/", "c"], false),
            ([], ["a", "b/", "c"], true), (["idem b = d", "idem-until b = 1"], plain, false),
            (["meta limit_waiting = 2"], plain, false), (["meta limit_waiting = 2"], plain, true),
            (["meta format = 1", "meta sequence = 7"], plain, false),
            (["idem x = d", "idem-until x = 1"], plain, true),
        ] as [([String], [String], Bool)])
    func `jobs in two arguments become what they become in six`(
        before: [String], ids: [String], atomic: Bool
    ) async throws {
        var answers: [[String]] = []
        var pictures: [Picture] = []
        for priority in ["", "3"] {
            let queue = try await stage(before)
            let jobs = ids.flatMap { priority == "" ? [$0, "{}", "3", "0", "0", ""] : [$0, "{}"] }
            for _ in 1...2 {
                answers.append(try await queue.raw(.enqueue, ["\(ids.count)", atomic ? "1" : "0", priority] + jobs))
            }
            pictures.append(try await queue.picture())
        }
        #expect(answers[0] == answers[2])
        #expect(answers[1] == answers[3])
        #expect(pictures[0] == pictures[1])
        #expect(!pictures[0].lines.isEmpty)
    }

    @Test func `an empty envelope and a bad priority are refused in either form`() async throws {
        let queue = try await stage()
        #expect(
            try await queue.raw(.enqueue, ["2", "0", "5", "a", "", "b", "{}"]) == ["ok", "\(start)", "1", "invalid"])
        #expect(
            try await queue.raw(.enqueue, ["1", "0", "10", "c", "{}"]) == ["ok", "\(start)", "1", "invalid"])
        #expect(try await queue.picture()["jobs c"] == nil)
    }

    @Test func `jobs of two priorities go in one call`() async throws {
        let queue = try await stage()
        let admissions = try await queue.enqueue([job("a", priority: 1), job("b", priority: 2), job("c", priority: 1)])
            .admissions
        #expect(admissions == [.created, .created, .created])
        #expect(try await queue.picture()["queued c"] == "\(place(3, priority: 1))")
    }
}
