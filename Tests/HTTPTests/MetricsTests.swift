import HTTPTypes
import JobModel
import JobQueueClient
import JobStore
import Redis
import Telemetry
import TestSupport
import Testing

@testable import JobQueueHTTP

@Suite(.timeLimit(.minutes(2))) struct MetricsTests {
    @Test func `the numbers of a scrape are those of Redis`() async throws {
        let rig = try await MetricsRig()
        let mail = JobOptions(queue: "mail")
        for _ in 0..<4 { try await rig.jobs.enqueue(name: "x", options: mail) }
        try await rig.jobs.enqueue(name: "x", in: .seconds(1000), options: mail)
        try await rig.jobs.enqueue(name: "x", options: JobOptions(queue: "web"))
        let queue = rig.jobs.store.queue(try QueueName("mail"))
        _ = try await queue.join(Incarnation(5), leaseMs: 60_000)
        _ = try await queue.claim(Incarnation(5), number: 1, want: 1)
        let scrape = try await rig.answered()
        let snapshot = try await queue.snapshot()
        for state in JobState.allCases {
            #expect(
                scrape["jobqueue_jobs", ["queue": "mail", "state": state.rawValue]] == Double(snapshot.count(state)))
        }
        #expect(scrape["jobqueue_jobs", ["queue": "mail", "state": "queued"]] == 3)
        #expect(scrape["jobqueue_jobs", ["queue": "mail", "state": "running"]] == 1)
        #expect(scrape["jobqueue_jobs", ["queue": "web", "state": "queued"]] == 1)
        #expect(
            scrape["jobqueue_queue_backlog_jobs", ["queue": "mail"]] == 4, "what is scheduled for later is no backlog")
        #expect(scrape["jobqueue_queue_workers", ["queue": "mail"]] == 1)
        #expect(scrape["jobqueue_queue_workers", ["queue": "web"]] == 0)
        #expect(scrape["jobqueue_queue_paused", ["queue": "mail"]] == 0)
        #expect(scrape["jobqueue_queue_enqueued_total", ["queue": "mail"]] == 5)
        #expect(scrape["jobqueue_queue_finished_total", ["queue": "mail", "state": "succeeded"]] == 0)
        #expect(scrape["jobqueue_redis_up"] == 1 && scrape["jobqueue_redis_maxmemory_bytes"] == 0)
        #expect(try #require(scrape["jobqueue_redis_used_memory_bytes"]) > 100_000)
        #expect(scrape["jobqueue_workers"] == 0)
    }

    @Test func `all names are in the list of names, with their help`() async throws {
        let rig = try await MetricsRig()
        try await rig.jobs.enqueue(name: "x")
        let scrape = try await rig.answered()
        for (name, help) in scrape.helps { #expect(Metric(rawValue: name)?.help == help, "\(name)") }
        #expect(scrape.kinds.count > 9)
    }

    @Test func `without Redis there is what the process counted, and no old number`() async throws {
        let rig = try await MetricsRig()
        try await rig.jobs.enqueue(name: "x")
        #expect(try await rig.answered()["jobqueue_queue_backlog_jobs", ["queue": "default"]] == 1)
        rig.redis.freeze()
        defer { rig.redis.thaw() }
        let start = ContinuousClock.now
        let away = try await eventually {
            try await rig.scrape()
        } is: {
            $0["jobqueue_redis_up"] == 0
        }
        // Within a second by itself; the rest is the age of the last answer, and a busy machine.
        #expect(ContinuousClock.now - start < .seconds(10))
        #expect(away.kinds.keys.allSatisfy { !$0.hasPrefix("jobqueue_queue") && $0 != "jobqueue_jobs" })
        #expect(away.sum("http_requests_total", ["route": "/metrics", "status": "200"]) >= 1)
        rig.redis.thaw()
        let back = try await eventually {
            try await rig.scrape()
        } is: {
            $0["jobqueue_redis_up"] == 1
        }
        #expect(back["jobqueue_queue_backlog_jobs", ["queue": "default"]] == 1)
    }

    @Test func `what a server adds is in its scrape, whatever Redis says`() async throws {
        let rig = try await MetricsRig()
        var api = rig.api
        api.extraFamilies = { [Metric.outboxRows.family(7), Metric.postgresUp.family(1)] }
        let scrape = try await MetricsRig(redis: rig.redis, jobs: rig.jobs, api: api).scrape()
        #expect(scrape["jobqueue_outbox_rows"] == 7 && scrape["jobqueue_postgres_up"] == 1)
        #expect(scrape["jobqueue_redis_up"] != nil)
        #expect(try await rig.scrape()["jobqueue_postgres_up"] == nil, "without there is none")
    }

    @Test func `many who collect cost Redis as much as one`() async throws {
        let rig = try await MetricsRig { _ in }
        try await rig.jobs.enqueue(name: "x")
        let client = rig.jobs.store.client
        func infos() async throws -> Int {
            let stats = try await client.send(Command("INFO", "commandstats")).string()
            let line = stats.split(whereSeparator: \.isNewline).first { $0.hasPrefix("cmdstat_zcount:calls=") }
            return line.flatMap { Int($0.split(separator: "=")[1].prefix { $0.isNumber }) } ?? 0
        }
        let exporter = QueueExporter(
            rig.jobs.store, timeout: .seconds(20), life: .seconds(3600), logger: rig.api.configuration.logger)
        _ = await exporter.families()
        let once = try await infos()
        await withDiscardingTaskGroup { group in
            for _ in 0..<50 { group.addTask { _ = await exporter.families() } }
        }
        #expect(try await infos() == once)
    }

    @Test func `one asks, and all others get its answer`() async throws {
        let answer = SharedAnswer<Int>(for: .seconds(3600))
        let (asked, gate) = (Log<Void>(), Latch())
        try await withThrowingTaskGroup(of: Int.self) { group in
            for _ in 0..<20 {
                group.addTask {
                    await answer.value {
                        asked.note(())
                        try? await gate.pass()
                        return asked.items.count
                    }
                }
            }
            try await asked.items(count: 1)
            gate.open()
            for try await value in group { #expect(value == 1) }
        }
        #expect(asked.items.count == 1)
    }

    @Test func `requests are counted by route, not by path`() async throws {
        let rig = try await MetricsRig()
        _ = try await rig.ask()
        let scrape = try await rig.scrape()
        #expect(
            scrape["http_requests_total", ["method": "GET", "route": "/metrics", "status": "200"]] == 1,
            "the request that asks is not among them yet")
        #expect(scrape["http_request_duration_seconds_count", ["route": "/metrics"]] == 1)
    }

    @Test func `requests without a route share one label, whatever their paths and methods`() async throws {
        let rig = try await MetricsRig()
        rig.api.note(unrouted: .get, status: 404, after: .milliseconds(1))
        for word in ["BREW", "STEEP"] {
            let method = try #require(HTTPRequest.Method(word))
            rig.api.note(unrouted: method, status: 405, after: .milliseconds(1))
        }
        let scrape = try await rig.scrape()
        #expect(scrape["http_requests_total", ["method": "GET", "route": "none", "status": "404"]] == 1)
        #expect(scrape["http_requests_total", ["method": "other", "route": "none", "status": "405"]] == 2)
        #expect(scrape["http_request_duration_seconds_count", ["route": "none"]] == 3)
    }

    private struct Scoped: Gate {
        var scopes: Set<Scope>
        var queues = ["*"]
        func admit(_ headers: HTTPFields, to access: Access) async throws(Problem) -> Admittance {
            Admittance(Caller(id: "t", scopes: scopes, queues: queues))
        }
    }

    @Test func `a token has to be one that may read statistics, unless metrics are open`() async throws {
        let closed = try await MetricsRig(gate: Scoped(scopes: [.jobsRead]))
        #expect(try await closed.ask().status == .forbidden)
        #expect(try await MetricsRig(gate: Scoped(scopes: [.statsRead])).ask().status == .ok)
        let some = try await MetricsRig(gate: Scoped(scopes: [.statsRead], queues: ["mail*"]))
        #expect(try await some.ask().status == .forbidden, "it would tell of the other queues")
        let open = try await MetricsRig(gate: Scoped(scopes: [])) { $0.hasOpenMetrics = true }
        let answer = try await open.ask()
        #expect(answer.status == .ok)
        #expect(answer.headers[.contentType] == "text/plain; version=0.0.4; charset=utf-8")
    }

    @Test func `names of jobs that callers choose are at most two hundred`() throws {
        let metrics = PrometheusMetrics()
        let meter = RequestMeter(metrics)
        for number in 0..<1000 {
            meter.enqueued.count(1, .init(queue: .default, name: "n\(number)", result: "created"))
        }
        meter.enqueued.count(3, .init(queue: .default, name: "n7", result: "created"))
        let scrape = try Scrape(metrics.text())
        func handed(_ name: String) -> Double? {
            scrape[
                "jobqueue_enqueued_total",
                ["queue": "default", "name": name, "source": "http", "result": "created"]]
        }
        #expect(scrape.values.count == 201)
        #expect(handed("other") == 800 && handed("n7") == 4)
    }
}
