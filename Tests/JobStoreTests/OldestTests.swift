import JobModel
import Redis
import TestSupport
import Testing

@testable import JobStore

/// How long the job waits that has been due longest.
@Suite(.timeLimit(.minutes(1))) struct OldestTests {
    private func age(_ queue: QueueStore) async throws -> Int? {
        try await queue.unchanged { try await $0.snapshot() }.oldestAgeMs
    }

    private func made(_ ms: Int) -> String { #"{"name":"n","created_ms":\#(start - ms)}"# }

    @Test func `a job of low priority that waits longer counts`() async throws {
        let queue = try await stage([
            "jobs a = \(made(10))", "queued a = \(place(2, priority: 0))",
            "jobs b = \(made(500))", "queued b = \(place(1, priority: 9))",
            "jobs c = \(made(400))", "queued c = \(place(3, priority: 9))",
        ])
        #expect(try await age(queue) == 500)
    }

    @Test func `whoever was given back a moment ago does not hide those behind`() async throws {
        let record = #"{"attempts":0,"errors":1,"last":"released","by":"w","at":\#(start - 5)}"#
        let queue = try await stage([
            "jobs a = \(made(9000))", "queued a = \(place(-1))", "runs a = \(record)",
            "jobs b = \(made(300))", "queued b = \(place(1))",
        ])
        #expect(try await age(queue) == 300)
    }

    @Test func `a job that was tried again waits since its wait was over`() async throws {
        let record = #"{"attempts":1,"errors":1,"last":"failed","by":"w","at":\#(start - 800),"due":\#(start - 70)}"#
        let queue = try await stage(["jobs a = \(made(9000))", "queued a = \(place(1))", "runs a = \(record)"])
        #expect(try await age(queue) == 70)
        let early = record.replacing("\(start - 70)", with: "\(start + 70)")
        let hurried = try await stage(["jobs a = \(made(9000))", "queued a = \(place(1))", "runs a = \(early)"])
        #expect(try await age(hurried) == 800, "a person had it run at once")
    }

    @Test func `a job that was dead waits since it was requeued`() async throws {
        let queue = try await stage(["jobs a = \(made(90_000))", "dead a = \(start + 1)"])
        let later = queue.at(start + 1000)
        let view = try await later.inspect(["a"], full: true).jobs[0]
        #expect(try await later.requeue([.init(again: view)]) == [.ok])
        #expect(try await age(queue.at(start + 1250)) == 250)
    }

    @Test func `what is due counts although nobody moved it`() async throws {
        for index in ["scheduled", "retrying", "suspect"] {
            let queue = try await stage(["\(index) a = \((start - 60) * 10 + 5)"])
            #expect(try await age(queue) == 60)
            #expect(try await age(queue.at(start - 61)) == nil, "not due yet")
        }
    }

    @Test func `a large envelope is looked at where it is the first in line only`() async throws {
        let large = #"{"name":"n","created_ms":\#(start - 800),"payload":"\#(String(repeating: "x", count: 40_000))"}"#
        let first = try await stage(["jobs a = \(large)", "queued a = \(place(1))"])
        #expect(try await age(first) == 800)
        let second = try await stage([
            "jobs a = \(large)", "queued a = \(place(1))", "jobs b = \(made(7))", "queued b = \(place(1, priority: 0))",
        ])
        #expect(try await age(second) == 7)
    }

    @Test func `those who died within an hour are counted`() async throws {
        let end = start + Limits.deadTTL
        let queue = try await stage([
            "dead a = \(end - 3_600_001)", "dead b = \(end - 3_600_000)", "dead c = \(end)", "dead d = inf",
        ])
        #expect(try await queue.snapshot().newlyDead == 2)
    }
}
