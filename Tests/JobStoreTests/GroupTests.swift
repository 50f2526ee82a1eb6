import JobModel
import Redis
import TestSupport
import Testing

@testable import JobStore

/// The index of dead jobs by name and error.
@Suite(.timeLimit(.minutes(1))) struct GroupTests {
    /// A job that died at a moment, as settle leaves it.
    private func dead(
        _ id: String, _ message: String = "no", name: String = "n", at moment: Int = start, tags: [String] = []
    ) -> [String] {
        var note = entry()
        (note.message, note.at) = (message, moment)
        var last = record()
        (last.at, last.last) = (moment, .failed)
        var envelope = Envelope(name: name, payload: ArraySlice("1".utf8))
        envelope.tags = tags
        let group = DeadGroup(name: name, note)
        let cause = "\(group)/\(String(1_000_000_000_000_000 + moment).dropFirst())"
        return [
            "jobs \(id) = \(text(envelope.encoded()))", "runs \(id) = \(text(last.encoded()))",
            "errors \(id)/0 = \(text(note.encoded()))", "dead \(id) = \(moment + Limits.deadTTL)",
            "causes \(id) = \(cause)", "groups \(cause)/\(id) = 0",
        ]
    }

    private func group(_ message: String, name: String = "n") -> DeadGroup {
        var note = entry()
        note.message = message
        return DeadGroup(name: name, note)
    }

    private func ids(
        _ queue: QueueStore, backward: Bool = false, _ change: (inout DeadFilter) -> Void
    ) async throws
        -> [String]
    {
        var filter = DeadFilter()
        change(&filter)
        return try await queue.searchDead(filter).page(backward: backward).jobs.map(\.id)
    }

    /// Of all pages.
    private func all(_ queue: QueueStore, from: Int, before: Int) async throws -> [String] {
        var filter = DeadFilter()
        (filter.diedFrom, filter.diedBefore) = (from, before)
        let search = try await queue.searchDead(filter)
        var ids: [String] = []
        var place: ListPlace?
        repeat {
            let page = try await search.page(from: place, limit: 3)
            ids += page.jobs.map(\.id)
            place = page.next
        } while place != nil
        return ids
    }

    @Test func `what is kept for ever is found by time, too`() async throws {
        let jobs = (0..<8).flatMap { dead("j\($0)", at: 50 + $0) } + dead("x", at: 52) + dead("y", at: 60)
        let queue = try await stage(jobs + ["dead x = inf", "dead y = inf"])
        #expect(try await all(queue, from: 51, before: 55) == ["j1", "j2", "j3", "j4", "x"])
    }

    @Test func `groups have counts, first, last and a sample`() async throws {
        let queue = try await stage(
            dead("a", "user 1", at: 50) + dead("b", "user 2", at: 70) + dead("c", "user 3", at: 60)
                + dead("d", "other", name: "n-x", at: 10) + dead("e", "user 4", name: "m", at: 5))
        let page = try await queue.deadGroups()
        #expect(page.groups.map(\.group) == [group("user 1", name: "m"), group("other", name: "n-x"), group("user 1")])
        let own = try #require(page.groups.last)
        #expect(own.count == 3 && own.firstMs == 50 && own.lastMs == 70 && own.sampleID == "b")
        #expect(own.sample?.message == "user 2" && page.total == 5 && page.ungrouped == 0 && page.next == nil)
        #expect(try await queue.deadGroups(name: "n").groups == [own])
        #expect(try await queue.deadGroups(name: "x").groups.isEmpty)
        var seen: [DeadGroupView] = []
        var place: DeadGroup?
        repeat {
            let one = try await queue.deadGroups(after: place, limit: 1)
            #expect(one.groups.count == 1)
            seen += one.groups
            place = one.next
        } while place != nil
        #expect(seen == page.groups)
        #expect(try await queue.allDeadGroups() == page)
    }

    @Test(arguments: [false, true]) func `a group is paged in the order of death`(backward: Bool) async throws {
        let queue = try await stage(
            (0..<30).flatMap { dead("j\(29 - $0)", "user \($0)", at: 100 + $0 / 2) } + dead("x", "other"))
        var filter = DeadFilter()
        filter.group = group("user 1")
        let search = try await queue.searchDead(filter)
        #expect(try await search.count() == 30)
        var pages: [[String]] = []
        var place: ListPlace?
        repeat {
            let page = try await search.page(from: place, backward: backward, limit: 7)
            pages.append(page.jobs.map(\.id))
            #expect(page.jobs.allSatisfy { $0.errors.count == 1 && $0.state == .dead && !$0.envelope.isEmpty })
            place = page.next
        } while place != nil
        let order = (0..<15).flatMap { ["j\(29 - 2 * $0 - 1)", "j\(29 - 2 * $0)"].sorted() }
        #expect(pages.flatMap { $0 } == (backward ? order.reversed() : order))
        #expect(pages.map(\.count) == [7, 7, 7, 7, 2])
    }

    @Test func `every condition must hold, and the index gives what a look at each job gives`() async throws {
        let jobs =
            dead("a", "user 1", at: 50, tags: ["vip"]) + dead("b", "USER 2 timed out", at: 60)
            + dead("c", "other", at: 70, tags: ["vip"]) + dead("d", "user 4", name: "m", at: 80)
        // Without its cause a job is as one that died before there was an index.
        let old = jobs.filter { !$0.hasPrefix("causes c ") && !$0.hasSuffix("/c = 0") }
        for lines in [jobs, old] {
            let queue = try await stage(lines)
            #expect(try await queue.deadGroups().ungrouped == (lines == jobs ? 0 : 1))
            #expect(Set(try await ids(queue) { $0.jobs.name = "n" }) == ["a", "b", "c"])
            #expect(Set(try await ids(queue) { ($0.jobs.name, $0.jobs.tag) = ("n", "vip") }) == ["a", "c"])
            #expect(try await ids(queue) { $0.jobs.name = "m" } == ["d"])
            #expect(Set(try await ids(queue) { $0.error = "user" }) == ["a", "b", "d"])
            #expect(try await ids(queue) { ($0.error, $0.jobs.name) = ("Timed", "n") } == ["b"])
            #expect(Set(try await ids(queue) { $0.error = group("user 1").fingerprint }) == ["a", "d"])
            #expect(try await ids(queue) { $0.group = group("other") } == ["c"])
            #expect(try await ids(queue) { ($0.group, $0.jobs.name) = (group("other"), "m") } == [])
            #expect(Set(try await ids(queue) { ($0.jobs.name, $0.diedFrom) = ("n", 60) }) == ["b", "c"])
            #expect(try await ids(queue) { ($0.group, $0.diedBefore) = (group("user 1"), 50) } == [])
            #expect(try await all(queue, from: 60, before: 80) == ["b", "c"])
            #expect(try await ids(queue, backward: true) { ($0.diedFrom, $0.diedBefore) = (60, 80) } == ["c", "b"])
            #expect(try await ids(queue) { $0.jobs.tag = "vip" } == ["a", "c"])
            #expect(try await ids(queue, backward: true) { _ in } == ["d", "c", "b", "a"])
        }
    }

    @Test func `only where a count takes no look at each job it is told`() async throws {
        let queue = try await stage((0..<9).flatMap { dead("j\($0)", "user \($0)", at: $0) } + dead("x", name: "m"))
        func count(_ change: (inout DeadFilter) -> Void) async throws -> Int? {
            var filter = DeadFilter()
            change(&filter)
            return try await queue.searchDead(filter).count()
        }
        #expect(try await count { _ in } == 10)
        #expect(try await count { $0.jobs.name = "n" } == 9)
        #expect(try await count { ($0.group, $0.diedFrom) = (group("user 1"), 5) } == 4)
        #expect(try await count { ($0.diedFrom, $0.diedBefore) = (2, 5) } == 3)
        #expect(try await count { $0.error = "user" } == 9)
        #expect(try await count { $0.error = "nothing" } == 0)
        #expect(try await count { $0.jobs.tag = "vip" } == nil)
        #expect(try await count { ($0.jobs.name, $0.diedFrom) = ("n", 5) } == nil)
    }

    @Test func `a member that a torn log left without its job is passed by`() async throws {
        let lost = (0..<600).map { "groups \(group("no"))/000000000000\(100 + $0)/x\($0) = 0" }
        let queue = try await stage(dead("a", at: 50) + lost + dead("b", at: 900))
        #expect(try await ids(queue) { $0.group = group("no") } == ["a", "b"])
    }

    // MARK: Out of dead

    @Test(arguments: ["requeue", "remove", "prune"])
    func `a job that is dead no more leaves its group`(way: String) async throws {
        let queue = try await stage(dead("a", at: 50) + dead("b", at: 60) + ["dead a = 5"])
        let seen = try await queue.inspect(["a"], full: true).jobs[0]
        let (_, _, changes) = try await queue.twice { queue in
            switch way {
            case "requeue": _ = try await queue.requeue([QueueStore.Requeue(again: seen)])
            case "remove": _ = try await queue.remove([QueueStore.Sighting(id: "a")])
            default: _ = try await queue.prune()
            }
        }
        let gone = changes.lines.filter { $0.hasPrefix("causes") || $0.hasPrefix("groups") }
        #expect(gone == ["causes a gone", "groups \(group("no"))/000000000000050/a gone"])
        #expect(try await queue.deadGroups().groups.map(\.count) == [1])
    }

    @Test func `a job that dies again is in one group only, even where a torn log left it in another`() async throws {
        let queue = try await runningStage(["a": 1], ["causes a = x/y", "groups x/y/a = 0"])
        _ = try await queue.settle("a", 1, .dead(ttlMs: 5, record(), entry(), group("no")))
        let lines = try await queue.picture().lines.filter { $0.hasPrefix("causes") || $0.hasPrefix("groups") }
        #expect(
            lines == [
                "causes a = \(group("no"))/000001000000000", "groups \(group("no"))/000001000000000/a = 0",
            ])
    }

    @Test func `a job whose envelope is lost is of the group that its stored history gives`() async throws {
        let queue = try await stage(["queued a = \(place(1))"])
        _ = try await queue.claimed(1)
        let view = try await queue.inspect(["a"], full: true).jobs[0]
        let found = try await queue.deadGroups().groups
        #expect(found.map(\.group) == [DeadGroup(name: nil, try #require(view.errors.last))])
        #expect(found[0].sampleID == "a" && found[0].lastMs == start)
    }
}

/// Another payload with another life.
@Suite(.timeLimit(.minutes(1))) struct RepairTests {
    private func repair(_ id: String, from old: String, to new: String) -> QueueStore.Requeue {
        QueueStore.Requeue(
            id: id, priority: .normal, old: [], new: RunRecord(),
            envelope: (ArraySlice(old.utf8), Array(new.utf8)))
    }

    @Test func `a job gets another envelope with its next life, unless somebody was there before`() async throws {
        let queue = try await stage(["jobs a = {1}", "dead a = 5", "jobs b = {9}", "dead b = 5"])
        let (first, second, changes) = try await queue.twice {
            try await $0.requeue([repair("a", from: "{1}", to: "{2}"), repair("b", from: "{1}", to: "{2}")])
        }
        #expect(first == [.ok, .changed] && second == [.gone, .changed])
        #expect(changes.lines.contains("jobs a = {2}") && !changes.lines.contains { $0.contains(" b ") })
    }
}

/// Dead jobs that leave as bytes and come back.
@Suite(.timeLimit(.minutes(1))) struct RestoreTests {
    private func set(_ queue: QueueStore, _ command: String, _ key: Key, _ words: [[UInt8]]) async throws {
        var arguments = Arguments()
        arguments.append(key.name(in: queue.name))
        for word in words { arguments.append(bytes: word) }
        _ = try await queue.client.send(Command(command, arguments))
    }

    @Test func `what comes back is what left, byte for byte`() async throws {
        let hostile: [UInt8] = Array(0...255) + Array("\r\n\"\\{}'".utf8)
        let queue = try await runningStage(["a": 1, "b": 1])
        try await set(queue, "HSET", .jobs, [Array("a".utf8), hostile])
        let settlements = ["a", "b"].map {
            Settlement(
                id: $0, token: token(1),
                disposition: .dead(ttlMs: $0 == "a" ? -1 : 50, record(errors: 12), entry(12), commonGroup))
        }
        _ = try await queue.settle(worker, settlements)
        try await set(queue, "HSET", .errors, [Array("a/0".utf8), hostile])
        try await set(queue, "HSET", .runs, [Array("b".utf8), hostile])
        let parts: [Key] = [.jobs, .runs, .errors, .dead]
        func bytes() async throws -> [Reply] {
            try await queue.client.pipeline(
                parts.map { key in
                    key.kind == .hash
                        ? Command("HMGET", key.name(in: queue.name), "a", "b", "a/0", "a/2", "b/2")
                        : Command("ZRANGE", key.name(in: queue.name), "0", "-1", "WITHSCORES")
                }
            ).map { try $0.get() }
        }
        let before = try await bytes()
        let copies = try await queue.copies(of: try await queue.inspect(["a", "b", "c"], full: true).jobs)
        #expect(copies.map(\.id) == ["a", "b"] && Array(copies[0].envelope) == hostile)
        #expect(try await queue.remove(["a", "b"].map { QueueStore.Sighting(id: $0) }) == [.ok, .ok])
        let (first, second, _) = try await queue.twice { try await $0.restore(copies) }
        #expect(first == [.ok, .ok] && second == [.dup, .dup])
        #expect(try await bytes().map { "\($0)" } == before.map { "\($0)" })
        #expect(try await queue.deadGroups().ungrouped == 0)
        #expect(try await queue.copies(of: try await queue.inspect(["a", "b"], full: true).jobs) == copies)
    }

    @Test func `a job that is there stays as it is, and one that was to be forgotten is kept`() async throws {
        let queue = try await stage(["jobs a = {}", "queued a = 1", "idem b = d"])
        func copy(_ id: String) -> DeadCopy {
            DeadCopy(
                id: id, envelope: ArraySlice("{}".utf8), forgetMs: start - 1, diedMs: start - 2, record: [],
                errors: [0: ArraySlice(entry().encoded())])
        }
        let (first, _, changes) = try await queue.twice { try await $0.restore(["a", "b", "c", "c", "d e"].map(copy)) }
        // The id of a job that was deleted is remembered for a while: it comes back all the same.
        #expect(first == [.dup, .ok, .ok, .dup, .invalid])
        let group = copy("c").group
        let lines = ["b", "c"].flatMap { id in
            [
                "jobs \(id) = {}", "errors \(id)/0 = \(text(entry().encoded()))",
                "dead \(id) = \(start + Limits.deadTTL)",
                "causes \(id) = \(group)/000000999999998", "groups \(group)/000000999999998/\(id) = 0",
            ]
        }
        #expect(changes == Changes(lines: lines), "nothing came in or died now, so no total changes")
        let empty = try await TestQueue.make().at(start)
        // What strangers wrote into the index is passed by.
        try await empty.draw(["groups noslash = 0", "groups a/b = 0", "groups /// = 0"])
        #expect(try await empty.restore([copy("x")]) == [.ok])
        #expect(try await empty.deadGroups().groups.map(\.count) == [1])
        #expect(try await empty.picture()["meta format"] == "1")
    }
}
