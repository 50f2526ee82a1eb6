import Foundation
import JobModel
import JobQueueClient
import JobQueueWorker
import JobStore
import Logging
import Telemetry
import TestSupport
import Testing

@testable import JobQueueExec

extension ExecTests {
    /// Exec handlers in a worker: from the queue to the child and back.
    @Suite(.timeLimit(.minutes(1))) struct QueueTests {
        private let queue: QueueName
        private let jobs: JobQueue
        private let lines = Log<String>()
        private let metrics = PrometheusMetrics()

        init() async throws {
            queue = try QueueName("q-\(UUID().uuidString)")
            jobs = try await JobQueue(url: PrivateRedis.shared.get().url)
        }

        private func enqueue(
            _ payload: String = "null", _ change: (inout JobOptions) -> Void = { _ in }
        ) async throws
            -> JobHandle
        {
            var options = JobOptions(queue: queue.text, backoff: .fixed(.milliseconds(1)), timeout: .seconds(30))
            change(&options)
            return try await jobs.enqueue(name: "exec", payload: payload, options: options)
        }

        private func sh(_ text: String, grace: Duration = .seconds(5)) -> ExecHandler {
            var handler = ExecHandler("/bin/sh", "-c", text)
            handler.grace = grace
            return handler
        }

        /// Runs a worker with one exec handler for as long as `body` takes.
        private func working<Result>(
            _ exec: ExecHandler, _ body: (Worker) async throws -> Result
        ) async throws -> Result {
            var handlers = Handlers()
            handlers.on(name: "exec", exec: exec, metrics: metrics)
            var configuration = WorkerConfiguration()
            configuration.queues = .strict([queue])
            configuration.lease = .seconds(3)
            let lines = lines
            configuration.logger = Logger(label: "worker") { _ in Recorder(lines: lines) }
            let worker = try Worker(
                url: PrivateRedis.shared.get().url, handlers: handlers, configuration: configuration)
            async let run: Void = worker.run()
            do {
                let result = try await body(worker)
                worker.stop(within: .zero)
                try await run
                return result
            } catch {
                worker.stop(within: .zero)
                try await run
                throw error
            }
        }

        private func view(_ handle: JobHandle, _ state: JobState) async throws -> JobView {
            try await eventually {
                try await jobs.store.queue(queue).inspect([handle.id], full: true).jobs[0]
            } is: {
                $0.state == state
            }
        }

        @Test func `children are counted by exit code or signal`() async throws {
            let texts = ["exit 0", "exit 65", "kill -9 $$", "exit 0"]
            try await working(sh("read text; eval \"$(echo $text | tr -d '\\\"')\"")) { _ in
                for text in texts {
                    _ = try await enqueue("\"\(text)\"") { $0.maxAttempts = 1 }.outcome(timeout: .seconds(20))
                }
            }
            let scrape = try Scrape(metrics.text())
            func exits(_ code: String) -> Double? {
                scrape["jobqueue_exec_exits_total", ["handler": "exec", "code": code]]
            }
            #expect(exits("0") == 2 && exits("65") == 1 && exits("SIGKILL") == 1)
        }

        @Test func `a job goes to a child, and its output comes back as the result`() async throws {
            let handle = try await enqueue(#"{"n": [1, 2]}"#)
            let text = #"printf '{"id": "%s", "attempt": %s, "in": %s}' "$JOB_ID" "$JOB_ATTEMPT" "$(cat)""#
            let outcome = try await working(sh(text)) { _ in try await handle.outcome() }
            #expect(outcome.json == #"{"id": "\#(handle.id)", "attempt": 1, "in": {"n": [1, 2]}}"#)
        }

        @Test func `a failed attempt is recorded with its stderr and tried again`() async throws {
            let handle = try await enqueue()
            let text = "[ $JOB_ATTEMPT = 3 ] && exit 0; echo \"attempt $JOB_ATTEMPT\" >&2; exit 9"
            _ = try await working(sh(text)) { _ in try await handle.outcome() }
            let view = try await view(handle, .succeeded)
            #expect(view.errors.map(\.message) == (1...2).map { "exit code 9; stderr ends with:\nattempt \($0)" })
            #expect(view.errors.allSatisfy { $0.reason == .failed && $0.type == "ExecFailure" })
        }

        @Test func `exit code 75 puts the job off and spends no attempt`() async throws {
            let handle = try await enqueue { $0.maxAttempts = 1 }
            let wish = #"echo '{"retry_after_ms": 3600000}' >&2; exit 75"#
            try await working(sh(wish)) { _ in
                let view = try await view(handle, .retrying)
                #expect(view.record.attempts == 0 && view.record.last == .snoozed)
                #expect(view.errors.map(\.reason) == [.snoozed])
            }
        }

        @Test(arguments: [65, 78]) func `exit codes of hopeless input make the job dead`(code: Int) async throws {
            let handle = try await enqueue()
            let text = "echo 'no field \"to\"' >&2; exit \(code)"
            let outcome = try await working(sh(text)) { _ in try await handle.outcome() }
            guard case .dead(let reason, let message) = outcome else { throw CancellationError() }
            #expect(reason == .permanent)
            #expect(message == "exit code \(code); stderr ends with:\nno field \"to\"")
        }

        @Test func `an executable that is gone makes the job dead, with the path`() async throws {
            let handle = try await enqueue()
            let outcome = try await working(ExecHandler("/nowhere/tool")) { _ in
                try await handle.outcome()
            }
            guard case .dead(.permanent, let message) = outcome else { throw CancellationError() }
            #expect(message == "/nowhere/tool is missing")
        }

        @Test func `a job over its time limit is stopped with all of its group, and has timed out`() async throws {
            let handle = try await enqueue {
                $0.timeout = .milliseconds(300)
                $0.maxAttempts = 1
            }
            let text = "trap '' TERM; sleep 1000 & echo pid $! >&2; wait; wait; sleep 1000"
            let outcome = try await working(sh(text, grace: .milliseconds(100))) { _ in
                try await handle.outcome()
            }
            guard case .dead(.timeout, _) = outcome else { throw CancellationError() }
            try await Processes.areGone([try await child()])
        }

        @Test func `a cancelled job stops its child`() async throws {
            let handle = try await enqueue()
            let text = "trap 'exit 0' TERM; echo pid $$ >&2; while :; do sleep 1000 & wait; done"
            let outcome = try await working(sh(text)) { _ in
                _ = try await child()
                try await handle.cancel()
                return try await handle.outcome()
            }
            guard case .cancelled = outcome else { throw CancellationError() }
            try await Processes.areGone([try await child()])
        }

        @Test func `a worker that stops gives the job of its child back`() async throws {
            let handle = try await enqueue()
            let pid = try await working(sh("echo pid $$ >&2; sleep 1000")) { _ in try await child() }
            #expect(!Processes.isAlive(pid))
            let view = try await view(handle, .queued)
            #expect(view.record.attempts == 0 && view.errors.map(\.reason) == [.released])
        }

        @Test func `a worker that stops does not leave before its deaf children`() async throws {
            let handle = try await enqueue()
            let text = "trap '' TERM; sleep 1000 & echo pid $! >&2; wait; wait; sleep 1000"
            let pid = try await working(sh(text, grace: .seconds(60))) { _ in try await child() }
            try await Processes.areGone([pid])
            #expect(try await view(handle, .queued).record.attempts == 0)
        }

        @Test func `a killed worker leaves no child`() async throws {
            for _ in 0..<2 { _ = try await enqueue() }
            let products = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
            // Its children lead groups of their own: only the kernel ends them with it.
            var worker = Shell(ExecHandler(products.appending(path: "exec-fixture").path))
            worker.handler.environment = [
                "FIXTURE_REDIS": try PrivateRedis.shared.get().url, "FIXTURE_QUEUE": queue.text,
                "FIXTURE_TEXT": "echo pid $$ >&2; exec sleep 1000",
            ]
            let fixture = worker
            async let end = fixture.run()
            let found = try await fixture.lines.items { $0.count { $0.text.contains(" pid ") } == 2 }
            let pids = found.compactMap { $0.text.split(separator: " pid ").last.flatMap { Int32($0) } }
            try #require(pids.count == 2)
            #expect(pids.allSatisfy(Processes.isAlive))
            kill(try #require(Processes.parent(of: pids[0])), SIGKILL)
            try await Processes.areGone(pids)
            #expect(try await end.child.exit == .signal(9))
        }

        @Test func `lines of stderr are log lines of the job, and hostile ones are harmless`() async throws {
            let handle = try await enqueue()
            _ = try await working(sh(#"printf 'a\033[2Jb\r\nlevel=\303\251\377\n' >&2"#)) { _ in
                try await handle.outcome()
            }
            let found = try await lines.items { $0.contains { $0.contains("level=") } }
            #expect(found.contains("info a\\u{1b}[2Jb job_id=\(handle.id)"))
            #expect(found.contains("info level=é\u{FFFD} job_id=\(handle.id)"))
        }

        @Test func `a result that is too large is omitted, and the job has succeeded`() async throws {
            let handle = try await enqueue()
            let outcome = try await working(sh("head -c 300000 /dev/zero")) { _ in try await handle.outcome() }
            guard case .succeeded(let result) = outcome else { throw CancellationError() }
            #expect(result.omitted == "too large: 300000 bytes, the limit is 262144")
        }

        private func child() async throws -> Int32 {
            let found = try await lines.items { $0.contains { $0.contains(" pid ") } }
            let line = try #require(found.first { $0.contains(" pid ") })
            return try #require(Int32(line.split(separator: " ")[2]))
        }
    }
}

/// Log lines as text: level, message, job.
private struct Recorder: LogHandler {
    let lines: Log<String>
    var metadata: Logger.Metadata = [:]
    var logLevel = Logger.Level.info

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        let job = metadata["job_id"].map { " job_id=\($0)" } ?? ""
        lines.note("\(event.level) \(event.message)\(job)")
    }
}

extension JobOutcome {
    fileprivate var json: String? { if case .succeeded(let result) = self { result.json } else { nil } }
}
