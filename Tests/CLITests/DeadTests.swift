import ArgumentParser
import Foundation
import JobModel
import JobStore
import TestSupport
import Testing

@testable import JobQueueCLI

/// Many dead jobs at once.
@Suite(.timeLimit(.minutes(1))) struct DeadTests {
    /// A queue where so many jobs died of one thing, and one of another.
    private func queue(_ count: Int) async throws -> QueueStore {
        let queue = try await TestQueue.make().at(now)
        let copies = (0..<count).map { copy("j\($0)", "user \($0) is unknown") } + [copy("odd", "it burns")]
        for first in stride(from: 0, to: copies.count, by: 200) {
            _ = try await queue.restore(Array(copies[first..<min(first + 200, copies.count)]))
        }
        return queue
    }

    private func copy(_ id: String, _ message: String, payload: String = #"{"user":1,"a":"b"}"#) -> DeadCopy {
        var entry = ErrorEntry()
        (entry.number, entry.at, entry.message) = (1, now - 5, message)
        var record = RunRecord()
        (record.errors, record.at, record.attempts) = (1, now - 5, 3)
        return DeadCopy(
            id: id, envelope: Envelope(name: "n", payload: Array(payload.utf8)[...]).encoded()[...], forgetMs: nil,
            diedMs: now - 5, record: record.encoded()[...], errors: [0: entry.encoded()[...]])
    }

    private func filter(_ words: [String]) throws -> DeadFilter { try DeadChoice.parse(words).filter(now: now) }

    private func requeue(
        _ queue: QueueStore, _ filter: DeadFilter, stop: StopSign = StopSign(), repair: Repair = Repair()
    )
        async throws -> BulkReport
    {
        let bulk = DeadBulk(store: queue, verb: "requeue")
        return try await bulk.run(filter, deadAt: now, expected: nil, stop: stop) {
            try await Requeuing(store: queue, repair: repair).requeue(seen: $0)
        }
    }

    @Test func `a group is requeued, repaired, and nothing else`() async throws {
        let queue = try await queue(1200)
        let choice = try filter(["--error", "UNKNOWN"])
        let bulk = DeadBulk(store: queue, verb: "requeue")
        #expect(try await bulk.count(choice, stop: StopSign()) == 1200)
        let repair = try Repair(payload: nil, fields: ["user:=2.50", "new=x"])
        #expect(try await requeue(queue, choice, repair: repair) == BulkReport(matched: 1200, done: 1200))
        #expect(try await requeue(queue, choice) == BulkReport(), "again: nothing is left")
        let view = try await queue.inspect(["j77"], full: true).jobs[0]
        #expect(view.state == .queued && view.record.attempts == 0 && view.record.generation == 1)
        let payload = try Envelope(parsing: view.envelope).payload
        #expect(String(decoding: payload, as: UTF8.self) == #"{"user":2.50,"a":"b","new":"x"}"#)
        #expect(try await queue.inspect(["odd"], full: false).jobs[0].state == .dead)
        #expect(try await queue.allDeadGroups().groups.map(\.count) == [1])
    }

    @Test func `one that is stopped says so behind its slice, and the same call again goes on`() async throws {
        let queue = try await queue(1200)
        let stop = StopSign()
        let bulk = DeadBulk(store: queue, verb: "delete")
        let first = try await bulk.run(try filter(["--name", "n"]), deadAt: now, expected: nil, stop: stop) { views in
            stop.set()
            let answers = try await queue.remove(views.map { QueueStore.Sighting(id: $0.id) }, in: .dead)
            #expect(answers.allSatisfy { $0 == .ok })
            return []
        }
        #expect(first == BulkReport(matched: 500, done: 500, interrupted: true))
        let failure = #expect(throws: Failure.self) { try bulk.tell(first, json: false, "deleted", expected: 1201) }
        #expect(failure?.code == .interrupted && failure?.message.contains("500 of 1201") == true)
        let rest = try await requeue(queue, try filter(["--name", "n"]))
        #expect(rest == BulkReport(matched: 701, done: 701))
    }

    @Test func `what cannot be repaired stays dead, and is told`() async throws {
        let queue = try await TestQueue.make().at(now)
        _ = try await queue.restore([copy("list", "x", payload: "[1]"), copy("fine", "x")])
        let report = try await requeue(queue, DeadFilter(), repair: try Repair(payload: nil, fields: ["a=1"]))
        #expect(report.done == 1 && report.left == [.init(id: "list", reason: "its payload is no JSON object")])
        let whole = try await requeue(queue, DeadFilter(), repair: try Repair(payload: "[2]", fields: []))
        #expect(whole == BulkReport(matched: 1, done: 1))
        #expect(throws: Failure.self) { try Repair(payload: "1", fields: ["a=1"]) }
        #expect(throws: Failure.self) { try Repair(payload: "{", fields: []) }
    }

    @Test(arguments: [
        ["--group", "x"], ["--group", "a/123"], ["--name", "a b"], ["--tag", ""], ["--since", "noon"], ["--error", ""],
        ["--since", "1795339905"], ["--since", "0"], ["--until", "9223372036854775807"], ["--since", "-5"],
    ])
    func `a choice that cannot be met is wrong usage`(words: [String]) throws {
        let failure = #expect(throws: Failure.self) { try filter(words) }
        #expect(failure?.code == .usage)
    }

    @Test func `moments are times ago or dates, and a fingerprint is half a group`() throws {
        #expect(try filter(["--since", "2h"]).diedFrom == now - 7_200_000)
        #expect(try filter(["--until", "1970-01-01T00:00:05Z"]).diedBefore == 5000)
        #expect(try filter(["--since", "1763700000000"]).diedFrom == 1_763_700_000_000)
        #expect(try filter(["--group", "05212cd6fccf"]).error == "05212cd6fccf")
        #expect(try filter(["--group", "?/05212cd6fccf"]).group?.name == "?")
    }

    @Test(arguments: [[], ["a", "--all"], ["--all", "--name", "n"], ["a", "--group", "x"]])
    func `what is to be changed is named in one way`(words: [String]) throws {
        let failure = #expect(throws: Failure.self) { try DeadTarget.parse(words).checked() }
        #expect(failure?.code == .usage)
    }

    @Test func `many are confirmed by their number`() {
        #expect(DeadBulk.isConfirmed(20_000, by: " 20,000 ") && DeadBulk.isConfirmed(7, by: "7"))
        for line in ["y", "yes", "", "2000", nil] { #expect(!DeadBulk.isConfirmed(20_000, by: line)) }
        #expect(ProgressLine.text(10_000, of: 20_000) == "[##########..........] 10.0k of 20.0k")
        #expect(ProgressLine.text(7, of: nil) == "7")
    }

    // MARK: Files

    @Test func `a line brings every byte back`() throws {
        let bytes: [UInt8] = Array(0...255)
        let odd = Array("\u{0}\u{1B}[2J \\\"\n\r\t\u{202E}\u{1F600}é".utf8)
        for (envelope, record) in [(bytes, odd), (odd, bytes), ([], []), (Array("{}".utf8), Array("{}".utf8))] {
            let copy = DeadCopy(
                id: "inbox:1-0", envelope: envelope[...], forgetMs: 7, diedMs: 5, record: record[...],
                errors: [0: odd[...], 9: bytes[...]])
            let text = DeadLine(queue: "q", copy).text
            #expect(isHarmless(text) && !text.contains("\n"))
            #expect(try DeadLine(parsing: Array(text.utf8)[...]) == DeadLine(queue: "q", copy))
        }
    }

    static let broken = [
        "x", "[]", "{}", #"{"v":2}"#, #"{"v":1,"id":"a b"}"#, #"{"v":1,"id":"a","queue":"b c"}"#,
        #"{"v":1,"id":"a","queue":"q"}"#, #"{"v":1,"id":"a","queue":"q","died_ms":-1}"#,
        #"{"v":1,"id":"a","queue":"q","died_ms":1}"#,
        #"{"v":1,"id":"a","queue":"q","died_ms":1,"envelope":5}"#,
        #"{"v":1,"id":"a","queue":"q","died_ms":1,"envelope_base64":"!"}"#,
        #"{"v":1,"id":"a","queue":"q","died_ms":1,"forget_ms":"never","envelope":""}"#,
        #"{"v":1,"id":"a","queue":"q","died_ms":1,"envelope":"","errors":[{"slot":10,"entry":""}]}"#,
        #"{"v":1,"id":"a","queue":"q","died_ms":1,"envelope":"","errors":{}}"#,
    ]

    @Test(arguments: broken) func `a line that is none is refused by its number, before anything is done`(line: String)
    {
        let good = DeadLine(queue: "q", copy("a", "x")).text
        let file = DeadFile(Array("\(good)\n\n\(line)\n".utf8))
        let failure = #expect(throws: Failure.self) { try file.check(oneQueue: true) }
        #expect(
            failure?.code == .badInput && failure?.message.hasPrefix("line 3: ") == true, "\(failure?.message ?? "")")
    }

    @Test func `lines of two queues go nowhere without a name`() throws {
        let lines = ["p", "q"].map { DeadLine(queue: $0, copy("a", "x")).text }.joined(separator: "\n")
        let file = DeadFile(Array(lines.utf8))
        #expect(try file.check(oneQueue: false) == 2 && file.queue?.text == "p")
        #expect(throws: Failure.self) { try file.check(oneQueue: true) }
        #expect(try DeadFile([]).check(oneQueue: true) == 0)
    }

    @Test func `groups are listed with the largest first, and unknown ones are counted`() async throws {
        let queue = try await queue(3)
        try await queue.draw(["dead old = \(now)"])
        let page = DeadGroupsPage(try await queue.allDeadGroups())
        let lines = page.lines(width: nil)
        #expect(lines.count == 4 && lines[1].hasPrefix("    3") && lines[1].hasSuffix("user 2 is unknown"), "\(lines)")
        #expect(lines[3].contains("unknown") && page.report.total == 5)
        #expect(page.lines(width: nil, plain: true)[1].split(separator: "\t").count == 6)
        #expect(page.lines(width: 60).allSatisfy { $0.count <= 60 }, "\(page.lines(width: 60))")
        #expect(try Output.encode(page.report).contains(#""sample_id" : "j"#))
    }
}
