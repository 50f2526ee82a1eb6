import Foundation
import JobModel
import JobQueueClient
import JobQueueWorker
import JobStore
import TestSupport
import Testing

@testable import JobQueueExec

extension ExecTests {
    /// Swift handlers in processes of their own.
    @Suite(.timeLimit(.minutes(3))) struct IsolatedTests {
        @Test func `whatever a handler says survives the way between processes`() async throws {
            let rig = try await IsolatedRig()
            let echo = try await rig.odd("echo", #"a\"\n\u0000é"#)
            let big = try await rig.odd("big")
            let permanent = try await rig.odd("permanent") { $0.maxAttempts = 5 }
            let retry = try await rig.odd("retry") { $0.maxAttempts = 5 }
            let snooze = try await rig.odd("snooze")
            let mishap = try await rig.odd("mishap", "no such \\u001b[2Jhost")
            let unreadable = try await rig.enqueue("odd", #"{"act": 5}"#) { $0.maxAttempts = 5 }
            try await rig.working { _ in
                #expect(try await echo.outcome().result == #""a\"\n\u0000é""#)
                #expect(try await big.outcome().omission == "too large: 300002 bytes, the limit is 262144")
                #expect(try await permanent.outcome().reason == .permanent)
                #expect(try await permanent.outcome().message == "hopeless")
                #expect(try await mishap.outcome().reason == .failed)
                let errors = try await rig.view(mishap, .dead).errors
                #expect(errors.map(\.type) == ["Mishap"] && errors.map(\.message) == ["no such \u{1b}[2Jhost"])
                #expect(try await unreadable.outcome().reason == .payload)
                #expect(try await unreadable.outcome().message == "payload.act: is not text")
                let waiting = try await rig.view(retry, .retrying)
                #expect(waiting.record.attempts == 1 && waiting.errors.map(\.type) == ["JobError.retry"])
                let sleeping = try await rig.view(snooze, .retrying)
                #expect(sleeping.record.attempts == 0 && sleeping.record.last == .snoozed)
            }
        }

        @Test func `a handler sees the same context, arguments and environment in its process`() async throws {
            let rig = try await IsolatedRig(text: "from the worker")
            let options = JobOptions(
                queue: rig.queue.text, maxAttempts: 7, timeout: .seconds(60), tags: ["a", "b"],
                metadata: ["request_id": "r\"1", "traceparent": "00-1"])
            let payload = Array(#"{"n": [1, 2]}"#.utf8)
            let offered = await rig.jobs.offer(
                Offer(name: "context", payload: payload, options: options, requestID: #"r "2""#))
            let handle = try rig.jobs.job(offered.get().id, queue: rig.queue.text)
            let json = try #require(try await rig.working { _ in try await handle.outcome().result })
            let seen = try #require(try JSONSerialization.jsonObject(with: Data(json.utf8)) as? [String: Any])
            #expect(seen["id"] as? String == handle.id)
            #expect(seen["name"] as? String == "context")
            #expect(seen["queue"] as? String == rig.queue.text)
            #expect(seen["payload"] as? String == #"{"n": [1, 2]}"#)
            #expect(seen["attempt"] as? Int == 1 && seen["maxAttempts"] as? Int == 7)
            #expect(try #require(seen["epoch"] as? Int) > 0 && seen["generation"] as? Int == 0)
            #expect(seen["tags"] as? [String] == ["a", "b"])
            #expect(seen["metadata"] as? [String: String] == ["request_id": "r\"1", "traceparent": "00-1"])
            #expect(seen["requestID"] as? String == #"r "2""#)
            #expect((1.0...60).contains(try #require(seen["rest"] as? Double)))
            #expect(seen["variable"] as? String == "from the worker")
            #expect(seen["arguments"] as? [String] == [IsolatedRig.program])
            #expect(seen["isCancelled"] as? Bool == false)
        }

        @Test func `a crash costs the attempt of its job, and neither neighbours nor the worker`() async throws {
            let rig = try await IsolatedRig()
            let crashes: [(act: String, text: String, type: String)] = [
                ("fatal", "of all things", "killed by "), ("segv", "", "killed by SIGSEGV"),
                ("abort", "", "killed by SIGABRT"), ("kill", "", "killed by SIGKILL"), ("exit", "0", "exit code 0"),
                ("exit", "75", "exit code 75"),
            ]
            let neighbour = try await rig.enqueue("patient", "1")
            try await rig.working { _ in
                _ = try await rig.line("ready ")
                for crash in crashes {
                    let handle = try await rig.odd(crash.act, crash.text)
                    #expect(try await handle.outcome().reason == .crash, "\(crash)")
                    let view = try await rig.view(handle, .dead)
                    #expect(view.record.attempts == 1 && view.record.lost == 0 && view.record.crashes == 0)
                    let error = try #require(view.errors.first)
                    #expect(error.reason == .crash && error.type.hasPrefix(crash.type), "\(error)")
                    if crash.act == "fatal" { #expect(error.message.contains("of all things")) }
                }
                let twice = try await rig.odd("exit") { $0.maxAttempts = 2 }
                #expect(try await twice.outcome().reason == .crash)
                #expect(try await rig.view(twice, .dead).record.attempts == 2)
                #expect(try await neighbour.status().state == .running)
                #expect(try await rig.odd("echo", "still here").outcome().result == #""still here""#)
            }
        }

        @Test func `what a handler prints is logged and does not touch its result`() async throws {
            let rig = try await IsolatedRig()
            try await rig.working { _ in
                let flood = try await rig.odd("flood")
                #expect(try await flood.outcome().result == #""done""#)
                _ = try await rig.line("bytes of stderr are not logged")
                let print = try await rig.odd("print")
                #expect(try await print.outcome().result == #""done""#)
                _ = try await rig.line("line 2")
                _ = try await rig.line(#"{"result": "forged"}"#)
                let log = try await rig.odd("log")
                #expect(try await log.outcome().result == #""done""#)
                _ = try await rig.line("half full")
                let line = try #require(rig.lines.first { $0.contains("half full") })
                #expect(line.contains("warning") && line.contains("percent=50"))
                #expect(line.contains("job_id=\(log.id)") && !line.contains("forged"))
            }
        }

        @Test func `its process has no descriptors of the worker, and no connection to Redis`() async throws {
            let rig = try await IsolatedRig()
            let handle = try await rig.odd("descriptors")
            let found = try #require(try await rig.working { _ in try await handle.outcome().result })
            for number in 0...3 { #expect(found.contains("\(number)=pipe:"), "\(found)") }
            #expect(!found.contains("socket:"), "\(found)")
        }

        @Test func `a handler that computes for ever is killed at its time limit with all it started`() async throws {
            let rig = try await IsolatedRig()
            try await rig.working { worker in
                let handle = try await rig.odd("spin") { $0.timeout = .seconds(2) }
                let pids = try await rig.line("ready ").split(separator: " ").compactMap { Int32($0) }
                try #require(pids.count == 2)
                #expect(Processes.parent(of: pids[0]) == worker)
                #expect(try await handle.outcome().reason == .timeout)
                try await Processes.areGone(pids)
                #expect(try await rig.odd("echo").outcome().result == #""done""#)
                #expect(Processes.children(of: worker).isEmpty)
            }
        }

        @Test func `a cancelled handler is told why, and its task is cancelled`() async throws {
            let rig = try await IsolatedRig()
            try await rig.working { _ in
                let handle = try await rig.enqueue("patient")
                _ = try await rig.line("ready ")
                try await handle.cancel()
                #expect(try await handle.outcome().isCancelled)
                #expect(try await rig.line("told ").hasPrefix("cancelled"))
                let late = try await rig.enqueue("patient", "1") { $0.timeout = .seconds(1) }
                // As in the worker itself, success wins over cancellation.
                #expect(try await late.outcome().result == #""timeout""#)
            }
        }

        @Test func `only the worker tells a handler to stop`() async throws {
            let rig = try await IsolatedRig()
            let handle = try await rig.odd("hear")
            #expect(try await rig.working { _ in try await handle.outcome().result } == #""false""#)
        }

        @Test func `limits of memory and CPU time hold for each run`() async throws {
            let rig = try await IsolatedRig()
            let small = try await rig.enqueue("small")
            let busy = try await rig.enqueue("busy")
            try await rig.working { _ in
                #expect(try await small.outcome().reason == .crash)
                #expect(try await busy.outcome().reason == .crash)
                let errors = try await rig.view(busy, .dead).errors
                #expect(errors.map(\.type) == ["killed by SIGXCPU"])
            }
        }

        @Test func `a killed worker leaves no process of a run`() async throws {
            let rig = try await IsolatedRig()
            let handle = try await rig.enqueue("patient")
            let killed = Log<Int32>()
            await #expect(throws: WorkerEnded.self) {
                try await rig.working { worker in
                    let pids = try await rig.line("ready ").split(separator: " ").compactMap { Int32($0) }
                    try #require(pids.count == 1 && Processes.isAlive(pids[0]))
                    killed.note(pids[0])
                    kill(worker, SIGKILL)
                    try await Latch().pass()
                }
            }
            try #require(killed.items.count == 1)
            try await Processes.areGone(killed.items)
            #expect(try await handle.status().state == .running)
        }

        @Test func `a program that was replaced while it runs goes on with what it was`() async throws {
            let folder = try Folder()
            let program = folder.path + "/program"
            // By a child, as in `Folder.file`.
            _ = try await Shell("cp '\(IsolatedRig.program)' '\(program)'").run()
            let rig = try await IsolatedRig(program: program)
            try await rig.working { _ in
                #expect(try await rig.odd("echo").outcome().result == #""done""#)
                try FileManager.default.removeItem(atPath: program)
                #expect(try await rig.odd("echo", "gone").outcome().result == #""gone""#)
                _ = try await folder.file("program", "#!/bin/sh\nexit 1\n")
                #expect(try await rig.odd("echo", "new").outcome().result == #""new""#)
            }
        }

        @Test func `hundreds of runs leave no zombie and no descriptor`() async throws {
            // `EXEC_JOBS=10000 scripts/test exec` is the long form.
            let count = ProcessInfo.processInfo.environment["EXEC_JOBS"].flatMap { Int($0) } ?? 300
            let rig = try await IsolatedRig()
            try await rig.working { worker in
                _ = try await rig.odd("echo").outcome()
                let before = Processes.descriptors(of: worker)
                let acts = ["echo", "exit", "mishap", "kill", "print"]
                var handles: [JobHandle] = []
                for number in 0..<count { handles.append(try await rig.odd(acts[number % acts.count])) }
                var successes = 0
                for handle in handles where try await handle.outcome().result != nil { successes += 1 }
                #expect(successes == count * 2 / 5)
                try await eventually {
                    Processes.children(of: worker)
                } is: {
                    $0.isEmpty
                }
                // Timers and the like open theirs once.
                #expect(Processes.descriptors(of: worker) < before + 10)
            }
        }
    }

    @Suite struct IsolatedOutcomeTests {
        private static let outcomes: [IsolatedOutcome] = [
            .result(Array(#"{"a":[1,"}"]}"#.utf8)), .omitted("why"), .failed(RunError(type: "T", "m\n\"")),
            .undecodable(RunError(type: "", "")), .permanent("é\u{0}"), .retry(afterMs: 5, "r"), .snooze(ms: 0),
        ]

        @Test(arguments: outcomes) func `an outcome comes back, and a part of one is none`(outcome: IsolatedOutcome) {
            let bytes = outcome.encoded()
            #expect(IsolatedOutcome(parsing: bytes) == outcome)
            for count in 0..<bytes.count { #expect(IsolatedOutcome(parsing: Array(bytes.prefix(count))) == nil) }
        }

        @Test func `the text of an error is bounded`() {
            let text = String(repeating: "\u{1}", count: 1 << 20)
            let bytes = IsolatedOutcome.failed(RunError(type: text, text)).encoded()
            #expect(bytes.count < 16 * IsolatedOutcome.textLimit)
        }
    }
}
