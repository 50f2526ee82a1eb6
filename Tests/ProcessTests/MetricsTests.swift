import Foundation
import JobQueueClient
import ProcessSupport
import TestSupport
import Testing

extension ProcessTests {
    /// What is collected from processes, alone and supervised.
    @Suite(.timeLimit(.minutes(2))) struct MetricsTests {
        private static func url(_ child: Child, after words: String) async throws -> String {
            try await eventually("\(words)…") { child.log.contains("\(words)http") || child.status != nil }
            let start = try #require(child.log.range(of: words), "\(child.log)").upperBound
            return String(child.log[start...].prefix { $0 != " " && $0 != "\n" })
        }

        private static func scrape(_ url: String) async throws -> Scrape {
            try Scrape(await page(url, path: "/metrics"))
        }

        private static func succeeded(_ url: String) async throws -> Double {
            try await scrape(url).sum("jobqueue_attempts_total", ["outcome": "succeeded"])
        }

        @Test(arguments: ["0", "2"])
        func `a worker tells what it has done, and a supervisor what its processes have`(
            processes: String
        ) async throws {
            try await Site.run { site in
                let worker = try site.worker("worker", "--admin-port", "0", "--processes", processes)
                let url = try await Self.url(worker, after: "health is served on ")
                let slots = processes == "0" ? 4.0 : 8.0
                try await eventually("all are there") {
                    try await Self.scrape(url)["jobqueue_worker_slots"] == slots
                }
                for number in 0..<20 {
                    try await site.producer.enqueue(name: "test.sleep", payload: "{\"ms\":\(number)}")
                }
                try await eventually("all are counted") { try await Self.succeeded(url) == 20 }
                let scrape = try await Self.scrape(url)
                #expect(scrape.sum("jobqueue_jobs_finished_total", ["name": "test.sleep", "state": "succeeded"]) == 20)
                #expect(scrape.sum("jobqueue_wait_seconds_count") == 20)
                #expect(scrape.sum("jobqueue_build_info") == 1)
                #expect(scrape["jobqueue_redis_up"] == nil, "only servers tell of the queues")
                worker.signal(SIGTERM)
                #expect(try await worker.exit() == 0)
            }
        }

        @Test func `a sum does not go down when processes are replaced`() async throws {
            try await Site.run { site in
                let worker = try site.worker("worker", "--admin-port", "0", "--processes", "2", "--max-jobs", "5")
                let url = try await Self.url(worker, after: "health is served on ")
                for number in 0..<40 {
                    try await site.producer.enqueue(name: "test.sleep", payload: "{\"ms\":\(number)}")
                }
                try await eventually("all are counted, by several generations") {
                    try await Self.succeeded(url) == 40
                }
                try await eventually("some have been replaced") {
                    worker.log.matches(of: /it has run \d+ jobs/).count >= 2
                }
                try await eventually("both are there again") {
                    try await Self.scrape(url)["jobqueue_worker_slots"] == 8
                }
                #expect(try await Self.succeeded(url) == 40)
                worker.signal(SIGTERM)
                #expect(try await worker.exit() == 0)
            }
        }

        @Test func `a server tells of the queues and of its requests`() async throws {
            try await Site.run { site in
                let server = try site.start(
                    "serve", ["serve", "--redis-url", site.redis.url, "--http-port", "0", "--log-format", "text"],
                    environment: ["HTTP_OPEN_METRICS": "true"])
                let url = try await Self.url(server, after: "serving on ")
                try await site.producer.enqueue(name: "test.sleep")
                _ = try await Self.scrape(url)
                try await eventually("it tells of the job") {
                    try await Self.scrape(url)["jobqueue_jobs", ["queue": "default", "state": "queued"]] == 1
                }
                let scrape = try await Self.scrape(url)
                #expect(scrape["jobqueue_redis_up"] == 1 && scrape.sum("jobqueue_build_info") == 1)
                #expect(scrape.sum("http_requests_total", ["route": "/metrics", "status": "200"]) >= 1)
                server.signal(SIGTERM)
                #expect(try await server.exit() == 0)
            }
        }
    }
}
