import JobModel
import Telemetry
import TestSupport
import Testing

@testable import JobQueueHTTP
@testable import JobStore

@Suite struct QueueFiguresTests {
    private func snapshot(
        _ name: String, queued: Int = 0, ready: Int? = nil, paused: Bool = false
    ) throws
        -> QueueSnapshot
    {
        QueueSnapshot(
            name: try QueueName(name), now: 100_000, counts: [.queued: queued], remembered: 0, inbox: 0,
            oldestDueMs: ready, meta: paused ? ["paused": "1"] : [:], workers: [])
    }

    private func scrape(_ snapshots: [QueueSnapshot]) throws -> Scrape {
        try Scrape(TextFormat.text(QueueFigures(snapshots).families))
    }

    @Test func `the age is that of the job that waits longest, and 0 when none waits`() throws {
        let scrape = try scrape([
            try snapshot("old", queued: 1, ready: 40_000), try snapshot("none"),
            try snapshot("unknown", queued: 1), try snapshot("ahead", queued: 1, ready: 200_000),
        ])
        let ages = ["old", "none", "unknown", "ahead"].map {
            scrape["jobqueue_queue_oldest_queued_age_seconds", ["queue": $0]]
        }
        #expect(ages == [60, 0, 0, 0])
    }

    @Test func `what is overdue or in the inbox is backlog, what a worker died with is no worker`() throws {
        var one = try snapshot("one", queued: 2)
        one.overdue = 3
        one.inbox = 4
        one.counts[.running] = 5
        one.counts[.scheduled] = 100
        one.workers = [-7, 99_999, 100_001].map {
            QueueSnapshot.Worker(incarnation: Incarnation(1), deadline: $0, about: [], held: 0)
        }
        let scrape = try scrape([one])
        #expect(scrape["jobqueue_queue_backlog_jobs", ["queue": "one"]] == 14)
        #expect(scrape["jobqueue_queue_workers", ["queue": "one"]] == 1)
    }

    @Test func `beyond five hundred queues the others are one`() throws {
        var snapshots = try (1000..<1700).map { try snapshot("q\($0)", queued: 1, ready: 0 + $0) }
        snapshots.append(try snapshot("other", queued: 10, ready: 50_000, paused: true))
        let scrape = try scrape(snapshots)
        #expect(scrape["jobqueue_jobs", ["queue": "q1000", "state": "queued"]] == 1)
        #expect(scrape.values.keys.count { $0.name == "jobqueue_queue_paused" } == 500)
        #expect(scrape["jobqueue_jobs", ["queue": "other", "state": "queued"]] == 211)
        #expect(scrape.sum("jobqueue_jobs", ["state": "queued"]) == 710)
        #expect(scrape["jobqueue_queue_paused", ["queue": "other"]] == 1)
        #expect(scrape["jobqueue_queue_oldest_queued_age_seconds", ["queue": "other"]] == 98.501)
    }
}
