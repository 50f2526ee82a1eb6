import JobModel
import JobStore
import TestSupport
import Testing

@testable import JobQueueCLI
@testable import TerminalDashboard

/// `workers`: who is meant, and what is said of them.
@Suite(.timeLimit(.minutes(1))) struct WorkersTests {
    private func card(_ id: String) -> [UInt8] {
        WorkerCard(id: id, host: "h", pid: 1, version: "1", started: now, slots: 4, busy: 0, runs: []).encoded()
    }

    @Test func `a worker is meant by its id, its process or its machine, and by no part of a word`() async throws {
        var gone = worker("web:9:z", number: 3)
        gone.deadline = -1
        let mail = try snapshot(
            "mail", workers: [worker("web:1:a", number: 1), worker("web:2:b", number: 2), gone])
        let image = try snapshot(
            "image", workers: [worker("web:1:a", number: 4), worker("db:1:c", number: 5)])
        let roll = WorkerRoll([image, mail])
        func meant(_ name: String) -> [String] { roll.entries(meantBy: name).map(\.id) }
        #expect(meant("web:1:a") == ["web:1:a"] && meant("web:1") == ["web:1:a"])
        #expect(meant("web") == ["web:1:a", "web:2:b"], "condemned ones are gone")
        #expect(meant("we") == [] && meant("web:") == [] && meant("") == [] && meant("1") == [])
        let both = try #require(roll.entries(meantBy: "web:1").first)
        #expect(both.members.values.flatMap(\.self).map(\.number).sorted() == [1, 4])
    }

    @Test func `those who are named are told in all their queues, and who is missing is said`() async throws {
        let redis = try PrivateRedis()
        let store = Store(try await TestQueue.client(redis))
        for (name, members) in [("mail", [1: "web:1:a", 2: "db:1:c"]), ("image", [3: "web:1:a"])] {
            let queue = store.queue(try QueueName(name))
            try await store.register(queue.name)
            for (number, id) in members {
                _ = try await queue.join(Incarnation(number), leaseMs: 30_000)
                _ = try await queue.beat([(Incarnation(number), card(id))])
            }
        }
        var snapshots: [QueueSnapshot] = []
        for name in try await store.queues() { snapshots.append(try await store.queue(name).snapshot()) }
        let telling = Telling(roll: WorkerRoll(snapshots), order: .quiet)
        let verdicts = try await telling.tell(["web:1", "nobody", "web"], store)
        #expect(verdicts.all.map(\.name) == ["nobody", "web:1:a"])
        #expect(verdicts.failure?.code == .notFound)
        func orders(_ name: String) async throws -> [String] {
            try await store.queue(QueueName(name)).picture().lines.filter { $0.hasPrefix("orders ") }
        }
        #expect(try await orders("mail") == ["orders 1 = quiet"])
        #expect(try await orders("image") == ["orders 3 = quiet"])
        _ = try await Telling(roll: telling.roll, order: .stop).tell(nil, store)
        #expect(try await orders("mail") == ["orders 1 = stop", "orders 2 = stop"])
        let exactly = Telling(roll: telling.roll, order: .work)
        let whole = try await exactly.tell(ids: ["web:1", "web:1:a"], store)
        #expect(whole.all.map(\.verdict) == [.missing("it is gone"), .done("told to go on")])
        #expect(try await orders("mail") == ["orders 1 = work", "orders 2 = stop"])
    }

    @Test func `a forged card with the largest numbers overflows no sum`() throws {
        let most = Int.max
        let text =
            #"{"worker":"w:1:a","host":"h","pid":1,"version":"1","started":1,"slots":\#(most),"busy":\#(most),"#
            + #""runs":[],"names":[],"memory":\#(most),"done":\#(most),"failed":\#(most)}"#
        func forged(_ number: Int) -> QueueSnapshot.Worker {
            var member = worker("x", number: number)
            member.about = Array(text.replacing("w:1:a", with: "w:\(number):a").utf8)[...]
            return member
        }
        let report = InfoReport(server: server(), snapshots: [try snapshot("q", workers: [forged(1), forged(2)])])
        #expect(report.workers.count == 2 && report.queues[0].limit == 2_000_000)
        #expect(!InfoPage(report, PageStyle(width: 100)).lines.isEmpty)
        #expect(!WorkersPage(report, PageStyle(width: 100)).lines.isEmpty)
    }

    @Test(arguments: [Int.min, Int.max])
    func `a forged card with moments outside of time is brought back into it`(moment: Int) throws {
        let text =
            #"{"worker":"w:1:a","host":"h","pid":1,"version":"1","started":\#(moment),"slots":1,"busy":1,"runs":"#
            + #"[{"id":"j","name":"n","attempt":\#(moment),"started":\#(moment)}],"names":["n","n"]}"#
        let card = try #require(WorkerCard(parsing: Array(text.utf8)[...]))
        #expect((0...Due.latest).contains(card.started) && (0...Due.latest).contains(card.runs[0].started))
        #expect((0...1_000_000).contains(card.runs[0].attempt) && card.names == ["n"])
        var member = worker("x", number: 1)
        member.about = Array(text.utf8)[...]
        let report = InfoReport(server: server(), snapshots: [try snapshot("q", workers: [member])])
        #expect(!InfoPage(report, PageStyle(width: 100)).lines.isEmpty)
        let long = text.replacing("w:1:a", with: String(repeating: "w", count: 513))
        #expect(WorkerCard(parsing: Array(long.utf8)[...]) == nil, "no cursor could carry it")
    }

    @Test func `the list says who does what, and hostile names move no cursor`() throws {
        let report = InfoReport(
            server: server(), snapshots: [try snapshot("mail", workers: [worker("web:1:a"), worker(hostile)])])
        let lines = WorkersPage(report, PageStyle(width: 100)).lines
        #expect(lines[0].hasPrefix("WORKER") && lines.count == 3)
        #expect(lines.allSatisfy { isHarmless($0) })
        #expect(WorkersPage(report, PageStyle(width: 30)).lines.allSatisfy { $0.count <= 30 })
        let none = InfoReport(server: server(), snapshots: [])
        #expect(WorkersPage(none, PageStyle()).lines == ["no workers: queue-worker run"])
    }
}
