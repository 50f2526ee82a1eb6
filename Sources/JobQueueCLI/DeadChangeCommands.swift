import ArgumentParser
import Foundation
import JobModel
import JobQueueClient
import JobStore
import TerminalDashboard

extension DeadCommand {
    struct Requeue: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "requeue",
            abstract: "Put dead jobs back on their queue, with all attempts before them, as they are or repaired.",
            discussion: "By id also jobs that were cancelled. Stopped in the middle, the same command goes on there.")

        @OptionGroup var redis: RedisOptions
        @OptionGroup var queue: QueueOption
        @OptionGroup var target: DeadTarget

        @Option(parsing: .unconditional, help: "Another payload: JSON, or @FILE that holds it (@- is standard input).")
        var payload: String?

        @Option(
            parsing: .unconditionalSingleValue,
            help: "Another value for a field of the payload: key=text, or key:=json. Repeatable.")
        var set: [String] = []

        func run() async throws {
            let (name, ids) = (try queue.name(), try target.checked())
            let repair = try Repair(payload: payload, fields: set)
            try await redis.withQueue { queue in
                let store = queue.store.queue(name)
                let work = Requeuing(store: store, repair: repair, payloadLimit: queue.maxPayloadBytes)
                let bulk = DeadBulk(store: store, verb: "requeue")
                if let ids { return try await named(ids, work) }
                try await bulk.run(target, on: queue.store, "requeued") { try await work.requeue(seen: $0) }
            }
        }

        private func named(_ ids: [String], _ work: Requeuing) async throws {
            if target.dryRun {
                let count = try await work.store.inspectAll(ids).count { [.dead, .cancelled].contains($0.state) }
                return try DeadBulk(store: work.store, verb: "").dryRun(count, target.json)
            }
            let answers = try await work.requeue(ids)
            let left = answers.filter { $0.answer != Requeuing.requeued }
            let report = BulkReport(
                matched: ids.count, done: ids.count - left.count,
                left: left.map { BulkReport.Left(id: $0.id, reason: $0.answer) })
            if target.json {
                try Output.json(report)
            } else if ids.count > 1 || left.isEmpty {
                for (id, answer) in answers { try Output.print("\(Printable.oneLine(id))  \(answer)") }
            }
            if !left.isEmpty {
                if ids.count == 1 { throw Failure(report.code, "job \(ids[0]): \(left[0].answer)") }
                throw Failure(report.code, "\(left.count) of \(Quantity.of(ids.count, "job")) not requeued")
            }
        }
    }

    struct Delete: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "delete", abstract: "Delete dead jobs with their history, for good.",
            discussion:
                "Export them first, and they can come back. Stopped in the middle, the same command goes on there.")

        @OptionGroup var redis: RedisOptions
        @OptionGroup var queue: QueueOption
        @OptionGroup var target: DeadTarget

        func run() async throws {
            let (name, ids) = (try queue.name(), try target.checked())
            try await redis.withQueue { queue in
                let store = queue.store.queue(name)
                let bulk = DeadBulk(store: store, verb: "delete")
                guard let ids else {
                    return try await bulk.run(target, on: queue.store, "deleted") { views in
                        try await bulk.delete(views.map(\.id))
                    }
                }
                if target.dryRun {
                    return try bulk.dryRun(try await store.inspectAll(ids).count { $0.state == .dead }, target.json)
                }
                try bulk.confirm(ids.count, yes: target.yes)
                var report = BulkReport(matched: ids.count)
                for first in stride(from: 0, to: ids.count, by: QueueStore.batchLimit) {
                    let slice = ids[first..<min(first + QueueStore.batchLimit, ids.count)]
                    report.left += try await bulk.delete(Array(slice))
                }
                report.done = ids.count - report.left.count
                try bulk.tell(report, json: target.json, "deleted", expected: ids.count)
            }
        }
    }
}

extension DeadBulk {
    /// A change of a choice: counts, asks, does it, and tells.
    func run(_ target: DeadTarget, on store: Store, _ participle: String, _ act: Act) async throws {
        let now = try await store.time()
        let filter = try target.choice.filter(now: now)
        let stop = StopSign()
        let count = try await count(filter, stop: stop)
        if target.dryRun { return try dryRun(count, target.json) }
        try confirm(count, yes: target.yes)
        // Until here a signal ends the command, as everywhere: nothing has been done.
        stop.listen()
        let report = try await run(filter, deadAt: now, expected: count, stop: stop, act)
        try tell(report, json: target.json, participle, expected: count)
    }

    func dryRun(_ count: Int, _ json: Bool) throws {
        if json { return try Output.json(BulkReport(matched: count, dryRun: true)) }
        try Output.print("\(Quantity.of(count, "dead job")) of \(self.store.name)")
    }
}
