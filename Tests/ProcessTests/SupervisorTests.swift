import Foundation
import JobModel
import JobStore
import ProcessSupport
import TestSupport
import Testing

extension ProcessTests {
    /// Several processes under a supervisor. The lease is long: what comes back sooner, comes back by proof.
    @Suite(.timeLimit(.minutes(2))) struct SupervisorTests {
        @Test func `a killed process gives its jobs to the others within two seconds`() async throws {
            try await Site.run { site in
                let ids = try await site.enqueueNumbers(0..<300) { _ in 20 }
                let supervisor = try site.worker("supervisor", lease: "60s", slots: 3, "--processes", "2")
                try await eventually("both work") { Set(site.journal.starts.map(\.pid)).count == 2 }
                try await site.started(50)
                let victim = try #require(Processes.children(of: supervisor.pid).first)
                kill(victim, SIGKILL)
                let death = Journal.now
                try await site.drained()

                var audit = try await Audit(site.store)
                audit.expectSucceeded(Dictionary(uniqueKeysWithValues: zip(ids, 0...)))
                #expect(audit.findings(against: site.journal.lines, killed: [victim]) == [])
                #expect(!audit.reasons.isEmpty, "the victim had nothing in hand")
                // Lost: it had ended, and its outcome was on its way.
                #expect(audit.reasons.values.allSatisfy { $0 == [.crash] || $0 == [.lost] })
                for (id, history) in audit.histories {
                    #expect(history[0].message.contains("SIGKILL"))
                    let last = try #require(site.journal.starts(of: id).last)
                    #expect(last.pid != victim && last.time - death < 2_000_000_000)
                }
                #expect(Processes.children(of: supervisor.pid).count == 2, "the dead process was not replaced")
                supervisor.signal(SIGTERM)
                #expect(try await supervisor.exit() == 0)
            }
        }

        @Test func `processes that were told to end give everything back, and end with their supervisor`() async throws
        {
            try await Site.run { site in
                let id = try await site.enqueue("test.sleep", #"{"ms":60000}"#)
                let supervisor = try site.worker(
                    "supervisor", lease: "60s", "--processes", "2", "--drain-timeout", "200ms")
                try await site.started(id)
                try await eventually("both are there") { Processes.children(of: supervisor.pid).count == 2 }
                let children = Processes.children(of: supervisor.pid)
                supervisor.signal(SIGTERM)
                #expect(try await supervisor.exit() == 0)
                #expect(!children.contains(where: Processes.isAlive))
                let view = try await site.view(id)
                #expect(view.state == .queued && view.record.attempts == 0 && view.record.lost == 0)
                #expect(try await site.store.snapshot().workers.isEmpty)
            }
        }

        @Test func `processes die with a supervisor that is killed`() async throws {
            try await Site.run { site in
                let supervisor = try site.worker("supervisor", "--processes", "2")
                try await eventually("both are there") { Processes.children(of: supervisor.pid).count == 2 }
                let children = Processes.children(of: supervisor.pid)
                supervisor.signal(SIGKILL)
                _ = try await supervisor.exit()
                try await eventually("they are gone", within: .seconds(2)) {
                    !children.contains(where: Processes.isAlive)
                }
            }
        }

        struct Pill: Sendable {
            var name: String
            var payload: String
            var lastWords: String
        }
        private static let pills = [
            Pill(name: "test.crash", payload: #"{"times":100,"ms":0}"#, lastWords: "this handler crashes"),
            Pill(name: "test.hog", payload: #"{"limit":64}"#, lastWords: "failed to allocate"),
        ]

        @Test(arguments: pills)
        func `a job that ends its process is found out, and its neighbours succeed at their first attempt`(
            what: Pill
        ) async throws {
            try await Site.run { site in
                let pill = try await site.enqueue(what.name, what.payload)
                let ids = try await site.enqueueNumbers(0..<200) { _ in 20 }
                let supervisor = try site.worker("supervisor", lease: "60s", slots: 10, "--processes", "2")
                try await site.drained()
                supervisor.signal(SIGTERM)
                #expect(try await supervisor.exit() == 0)

                let killed = Set(site.journal.starts(of: pill).map(\.pid))
                var audit = try await Audit(site.store)
                #expect(audit.states[pill] == .dead && audit.reasons[pill]?.last == .crash)
                #expect(audit.histories[pill]?.last?.message.contains(what.lastWords) == true, "\(site.logs)")
                #expect(killed.count <= 6, "\(killed.count) processes died of it")
                audit.expectSucceeded(Dictionary(uniqueKeysWithValues: zip(ids, 0...)))
                #expect(audit.findings(against: site.journal.lines, killed: killed) == [])
                #expect(ids.allSatisfy { audit.results[$0]?.attempt == 1 })
            }
        }

        @Test func `a handler that ignores its time limit has spent an attempt, and others go on`() async throws {
            try await Site.run { site in
                let deaf = try await site.enqueue(
                    "test.deaf", #"{"ms":60000,"again":0}"#,
                    options: JobOptions(maxAttempts: 1, timeout: .milliseconds(500)))
                let ids = try await site.enqueueNumbers(0..<5) { _ in 0 }
                let supervisor = try site.worker(
                    "supervisor", lease: "60s", slots: 1, "--processes", "1", "--kill-after", "300ms")
                try await site.drained()
                var audit = try await Audit(site.store)
                #expect(audit.states[deaf] == .dead && audit.reasons[deaf] == [.timeout])
                #expect(audit.records[deaf]?.attempts == 1 && audit.records[deaf]?.lost == 0)
                audit.expectSucceeded(Dictionary(uniqueKeysWithValues: zip(ids, 0...)))
                supervisor.signal(SIGTERM)
                #expect(try await supervisor.exit() == 0)
            }
        }

        @Test func `a process that stands still is named with its jobs, killed and replaced`() async throws {
            try await Site.run { site in
                let id = try await site.enqueue("test.number", #"{"number":1,"ms":1500}"#)
                let supervisor = try site.worker(
                    "supervisor", lease: "60s", "--processes", "1", "--hang-after", "1s")
                try await site.started(id)
                let victim = try #require(site.journal.starts.first?.pid)
                kill(victim, SIGSTOP)
                try await site.drained()
                #expect(!Processes.isAlive(victim))
                #expect(supervisor.log.contains("hangs") && supervisor.log.contains(id))
                #expect(site.journal.starts(of: id).count == 2)
                supervisor.signal(SIGTERM)
                #expect(try await supervisor.exit() == 0)
            }
        }

        @Test func `HUP replaces the processes one by one, unless the configuration is wrong`() async throws {
            try await Site.run { site in
                let file = site.redis.folder.appending(path: "queue.yaml")
                try Data("queue:\n  prefetch: 3\n".utf8).write(to: file)
                let supervisor = try site.worker("supervisor", "--processes", "2", "--config", file.path)
                try await site.haveBeaten(2)
                let before = Set(Processes.children(of: supervisor.pid))
                try Data("queue:\n  prefetch: many\n".utf8).write(to: file)
                supervisor.signal(SIGHUP)
                try await eventually("it is refused") { supervisor.log.contains("queue.prefetch") }
                #expect(Set(Processes.children(of: supervisor.pid)) == before)
                try Data("queue:\n  prefetch: 4\n".utf8).write(to: file)
                supervisor.signal(SIGHUP)
                try await eventually("both are replaced") {
                    let now = Processes.children(of: supervisor.pid)
                    return now.count == 2 && before.isDisjoint(with: now)
                }
                supervisor.signal(SIGTERM)
                #expect(try await supervisor.exit() == 0)
            }
        }

        @Test func `processes are replaced after their jobs, and nothing is lost by that`() async throws {
            try await Site.run { site in
                let ids = try await site.enqueueNumbers(0..<400) { _ in 5 }
                let supervisor = try site.worker(
                    "supervisor", "--processes", "2", "--max-jobs", "50", "--burst")
                #expect(try await supervisor.exit() == 0)
                #expect(Set(site.journal.starts.map(\.pid)).count >= 3)
                var audit = try await Audit(site.store)
                audit.expectSucceeded(Dictionary(uniqueKeysWithValues: zip(ids, 0...)))
                #expect(audit.findings(against: site.journal.lines) == [])
                #expect(ids.allSatisfy { audit.results[$0]?.attempt == 1 })
            }
        }

        @Test func `in burst mode a Redis that is refused ends it with the status of the first process`() async throws {
            try await Site.run { site in
                let supervisor = try site.worker("supervisor", "--processes", "2", "--burst")
                #expect(try await supervisor.exit() == 0)
                let wrong = try site.start(
                    "wrong", ["run", "--redis-url", "unix:///nowhere/redis.sock", "--processes", "2", "--burst"])
                #expect(try await wrong.exit() == 69)
                #expect(Processes.children(of: wrong.pid).isEmpty)
            }
        }

        @Test func `a TERM to all processes at once cuts nobody's drain short`() async throws {
            try await Site.run { site in
                let id = try await site.enqueue("test.number", #"{"number":1,"ms":1500}"#)
                let supervisor = try site.worker("supervisor", lease: "60s", "--processes", "1")
                try await site.started(id)
                let child = try #require(site.journal.starts.first?.pid)
                kill(child, SIGTERM)
                try await eventually("it is heard") { supervisor.log.contains("received SIGTERM") }
                supervisor.signal(SIGTERM)
                #expect(try await supervisor.exit() == 0)
                #expect(site.journal.ends(of: id).count == 1)
                #expect(try await site.result(id) == "1")
            }
        }

        @Test func `a second signal makes the processes give back at once`() async throws {
            try await Site.run { site in
                let id = try await site.enqueue("test.sleep", #"{"ms":60000}"#)
                let supervisor = try site.worker("supervisor", lease: "60s", "--processes", "1")
                try await site.started(id)
                supervisor.signal(SIGTERM)
                try await eventually("it is heard") { supervisor.log.contains("received SIGTERM") }
                supervisor.signal(SIGTERM)
                #expect(try await supervisor.exit(within: .seconds(5)) == 0)
                #expect(try await site.view(id).state == .queued)
            }
        }

        @Test func `a suspect runs in a process of its own, beside jobs that go on for long`() async throws {
            try await Site.run { site in
                let crash = try await site.enqueue("test.crash", #"{"times":2,"ms":200}"#)
                let supervisor = try site.worker("supervisor", lease: "60s", slots: 4, "--processes", "1")
                try await site.started(crash)
                // They take every slot, and none ends.
                for _ in 0..<8 { try await site.enqueue("test.sleep", #"{"ms":60000}"#) }
                try await eventually("it succeeds") { try await site.view(crash).state == .succeeded }
                let view = try await site.view(crash)
                #expect(view.errors.map(\.reason) == [.crash, .crash])
                let last = try #require(site.journal.starts(of: crash).last?.pid)
                #expect(site.journal.starts.filter { $0.pid == last }.count == 1, "it was alone")
                #expect(site.journal.ends.allSatisfy { $0.id == crash })
                // It is not needed any more, and leaves with the others.
                supervisor.signal(SIGTERM)
                try await eventually("it is heard") { supervisor.log.contains("received SIGTERM") }
                supervisor.signal(SIGTERM)
                #expect(try await supervisor.exit() == 0)
                #expect(try await site.store.snapshot().workers.isEmpty)
            }
        }
    }
}
