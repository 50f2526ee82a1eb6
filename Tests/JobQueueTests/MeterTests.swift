import JobQueueClient
import JobQueueWorker
import JobStore
import Redis
import Telemetry
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(1))) struct MeterTests {
    let metrics = PrometheusMetrics()

    private func scrape() throws -> Scrape { try Scrape(metrics.text()) }

    @Test func `runs are counted by how they ended, and jobs by the state they ended in`() async throws {
        let rig = try await Rig.make()
        var handlers = Handlers()
        handlers.on(name: "good") { _, _ in nil }
        handlers.on(name: "bad") { _, _ in throw Mishap(description: "no") }
        handlers.on(name: "hopeless") { _, _ in throw JobError.permanent("never") }
        handlers.on(name: "late") { _, context in
            if context.attempt == 1 { throw JobError.retry(after: .milliseconds(1), "not yet") }
            return nil
        }
        for _ in 0..<3 { try await rig.enqueue("good") }
        try await rig.enqueue("bad") { $0.maxAttempts = 1 }
        try await rig.enqueue("hopeless")
        try await rig.enqueue("stranger")
        let late = try await rig.enqueue("late")
        try await rig.with { $0.metrics = metrics }.working(handlers) { _ in
            _ = try await late.outcome(timeout: .seconds(20))
            try await rig.settled(except: 1)
        }
        let scrape = try scrape()
        func attempts(_ name: String, _ outcome: String) -> Double? {
            scrape["jobqueue_attempts_total", ["queue": rig.name.text, "name": name, "outcome": outcome]]
        }
        func finished(_ name: String, _ state: String) -> Double? {
            scrape["jobqueue_jobs_finished_total", ["queue": rig.name.text, "name": name, "state": state]]
        }
        #expect(attempts("good", "succeeded") == 3 && finished("good", "succeeded") == 3)
        #expect(attempts("bad", "failed") == 1 && finished("bad", "dead") == 1)
        #expect(attempts("hopeless", "permanent") == 1 && finished("hopeless", "dead") == 1)
        #expect(attempts("late", "failed") == 1 && attempts("late", "succeeded") == 1)
        #expect(finished("late", "succeeded") == 1 && finished("late", "dead") == 0)
        #expect(attempts("other", "unhandled") == 1, "names that nobody registered are no labels")
        #expect(scrape.sum("jobqueue_attempts_total") == 8)
        #expect(!scrape.values.keys.contains { $0.labels["name"] == "stranger" })
        // Two runs, but one first start.
        #expect(scrape.sum("jobqueue_wait_seconds_count", ["name": "late"]) == 1)
        #expect(scrape.sum("jobqueue_attempt_duration_seconds_count", ["name": "late"]) == 2)
        #expect(scrape.sum("jobqueue_attempt_duration_seconds_count", ["name": "other"]) == 0, "nothing ran")
    }

    @Test func `a lease that ran out with jobs in it is counted once, one without jobs is not`() async throws {
        let rig = try await Rig.make()
        for _ in 0..<3 { try await rig.enqueue("good") }
        let (dead, idle) = (Incarnation(7), Incarnation(8))
        for incarnation in [dead, idle] { _ = try await rig.store.join(incarnation, leaseMs: 1000) }
        guard case .claimed(let claim) = try await rig.store.claim(dead, number: 1, want: 3) else {
            Issue.record("nothing was claimed")
            return
        }
        #expect(claim.jobs.count == 3)
        try await rig.with { $0.metrics = metrics }.working(Handlers("good") { _, _ in }) { _ in
            try await eventually {
                try await rig.store.snapshot()
            } is: {
                $0.count(.succeeded) == 3 && $0.workers.count == 1
            }
        }
        let scrape = try scrape()
        #expect(scrape["jobqueue_leases_expired_total", ["queue": rig.name.text]] == 1)
        #expect(scrape["jobqueue_attempts_total", ["queue": rig.name.text, "name": "good", "outcome": "lost"]] == 3)
    }

    @Test func `slots are those of a worker at work, busy ones those of running jobs`() async throws {
        let rig = try await Rig.make()
        let (began, gate) = (Log<Void>(), Latch())
        let handlers = Handlers("held") { _, _ in
            began.note(())
            try await gate.pass()
        }
        for _ in 0..<3 { try await rig.enqueue("held") }
        let configured = rig.with {
            $0.metrics = metrics
            $0.concurrency = 5
        }
        try await configured.working(handlers) { _ in
            try await began.items(count: 3)
            let busy = try await eventually {
                try scrape()
            } is: {
                $0["jobqueue_worker_slots_busy"] == 3
            }
            #expect(busy["jobqueue_worker_slots"] == 5)
            gate.open()
            try await eventually {
                try scrape()
            } is: {
                $0["jobqueue_worker_slots_busy"] == 0
            }
        }
        #expect(try scrape()["jobqueue_worker_slots"] == 0)
    }

    @Test func `a wait begins when a job could have started, not when it was made`() async throws {
        let rig = try await Rig.make()
        let start = ContinuousClock.now
        let handle = try await rig.enqueue("x", in: .seconds(2))
        try await rig.with { $0.metrics = metrics }.working(Handlers("x") { _, _ in }) { _ in
            _ = try await handle.outcome(timeout: .seconds(20))
        }
        let scrape = try scrape()
        #expect(scrape.sum("jobqueue_wait_seconds_count") == 1)
        let passed = (ContinuousClock.now - start) / .seconds(1)
        #expect(scrape.sum("jobqueue_wait_seconds_sum") < passed - 1.9, "the delay that was asked for is no wait")
    }

    @Test func `scripts are timed, those without an answer apart`() async throws {
        let rig = try await Rig.make()
        let handle = try await rig.enqueue("x")
        try await rig.with { $0.metrics = metrics }.working(Handlers("x") { _, _ in }) { _ in
            _ = try await handle.outcome(timeout: .seconds(20))
        }
        let scrape = try scrape()
        func timed(_ script: String, _ outcome: String) -> Double? {
            scrape["jobqueue_redis_command_duration_seconds_count", ["command": script, "outcome": outcome]]
        }
        for script in ["join", "claim", "settle"] { #expect(try #require(timed(script, "answered")) >= 1) }
        #expect(timed("claim", "failed") == nil)

        let meter = ScriptMeter(metrics)
        let away = RedisClient(RedisConfiguration(endpoint: .unix(path: "/nowhere")), onScript: meter.observer)
        _ = try? await Store(away).queue(rig.name).snapshot(timeout: .milliseconds(1))
        await away.close()
        let labels = ["command": "snapshot", "outcome": "failed"]
        #expect(try self.scrape()["jobqueue_redis_command_duration_seconds_count", labels] == 1)
    }

    @Test func `what comes through the inbox is counted by what became of it`() async throws {
        let rig = try await Rig.make()
        for envelope in [#"{"name":"x","id":"1"}"#, #"{"name":"x","id":"1"}"#, #"{"name":"y"}"#] {
            try await rig.drop(into: rig.name, envelope)
        }
        try await rig.drain(Handlers("x") { _, _ in }) { $0.metrics = metrics }
        let scrape = try scrape()
        func entered(_ name: String, _ result: String) -> Double? {
            scrape[
                "jobqueue_enqueued_total",
                ["queue": rig.name.text, "name": name, "source": "inbox", "result": result]]
        }
        #expect(entered("x", "created") == 1 && entered("x", "duplicate") == 1)
        #expect(entered("other", "created") == 1)
    }
}

extension Rig {
    /// Waits until nothing runs or can run but for so many jobs.
    fileprivate func settled(except count: Int) async throws {
        try await eventually {
            try await store.snapshot()
        } is: { snapshot in
            snapshot.counts.filter { !$0.key.isFinal }.values.reduce(0, +) == count
        }
    }
}
