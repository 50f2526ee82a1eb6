import FoundationEssentials
import HTTPTypes
import Hummingbird
import JobModel
import JobQueueClient
import JobStore

extension JobQueueAPI {
    /// Queues, workers and totals, all from the one report that `info` shows.
    var queueRoutes: [Route] {
        [
            Route(.get, "/v1/queues", .statsRead) { call throws(Problem) in
                let report = try await report(for: call)
                return try .json(encoding: Items(items: report.queues))
            },
            Route(.get, "/v1/queues/{queue}", .statsRead) { call throws(Problem) in
                try .json(encoding: try await known(call))
            },
            Route(.get, "/v1/queues/{queue}/scale", .statsRead) { call throws(Problem) in try await scale(call) },
            Route(.get, "/v1/workers", .statsRead) { call throws(Problem) in
                try await workers(call)
            },
            Route(.get, "/v1/names", .statsRead) { call throws(Problem) in try await names(call) },
            Route(.get, "/v1/stats", .statsRead) { call throws(Problem) in
                try .json(encoding: try await report(for: call))
            },
        ]
    }

    private struct Items<Item: Encodable>: Encodable {
        var items: [Item]
    }

    /// The report, without queues that the caller may not use.
    private func report(for call: Call, _ only: [QueueName] = []) async throws(Problem) -> InfoReport {
        var query = try call.query()
        let series = try query.words("series", of: [("true", true), ("false", false)]).contains(true)
        try query.end()
        return try await report(only, series: series, call.caller)
    }

    private func report(
        _ only: [QueueName], series: Bool, _ caller: Caller
    ) async throws(Problem) -> InfoReport {
        let report = try await asking { () throws(StoreError) in
            try await InfoReader(store: queue.store).report(only, series: series)
        }
        return report.only { (try? QueueName($0)).map(caller.may(use:)) ?? false }
    }

    /// In the order of their ids.
    private func workers(_ call: Call) async throws(Problem) -> Answer {
        var query = try call.query()
        let limit = try query.int("limit", 1...500) ?? 100
        let cursor = query.text("cursor")
        if let cursor, cursor.utf8.count > WorkerCard.idLimit {
            throw Problem(.invalidRequest, "cursor must be the next_cursor of another page")
        }
        try query.end()
        let all = try await report([], series: false, call.caller).workers
        let rest = cursor.map { cursor in all.drop { $0.id <= cursor } } ?? all[...]
        let page = Array(rest.prefix(limit))
        let next = rest.count > page.count ? page.last?.id : nil
        return try .json(encoding: Workers(items: page, next: next, total: all.count))
    }

    private struct Workers: Encodable {
        var items: [InfoReport.Worker]
        var next: String?
        var total: Int

        enum CodingKeys: String, CodingKey {
            case items, total
            case next = "next_cursor"
        }

        func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: CodingKeys.self)
            try container.encode(items, forKey: .items)
            try container.encode(next, forKey: .next)
            try container.encode(total, forKey: .total)
        }
    }

    private func known(_ call: Call) async throws(Problem) -> InfoReport.Queue {
        let name = try call.queue()
        let report = try await report(for: call, [name])
        if let queue = report.queues.first { return queue }
        if let trouble = report.attention.first(where: { $0.code == "unreadable" }) {
            throw Problem(.internalError, trouble.message)
        }
        throw Self.unknownQueue(name)
    }

    /// Flat numbers for whoever starts and stops workers. The backlog counts what is to be done now, running jobs among it: a
    /// queue whose workers keep up is not empty.
    private func scale(_ call: Call) async throws(Problem) -> Answer {
        let queue = try await known(call)
        return .json(
            JSONWriter.object { writer in
                writer.field("backlog", queue.backlog)
                writer.field("queued", queue.queued)
                writer.field("running", queue.running)
                writer.field("retrying", queue.retrying)
                writer.field("scheduled", queue.scheduled)
                writer.field("workers", queue.workers)
                writer.field("oldest_queued_ms", queue.oldestQueuedMs ?? 0)
            })
    }

    /// The jobs that live workers have handlers for.
    private func names(_ call: Call) async throws(Problem) -> Answer {
        let report = try await report(for: call)
        var workers: [String: Int] = [:]
        for worker in report.workers where worker.state != .lost {
            for name in worker.names { workers[name, default: 0] += 1 }
        }
        let items = workers.sorted { $0.key < $1.key }.map { name, count in
            JSONWriter.object(capacity: 100) { writer in
                writer.field("name", name)
                writer.field("workers", count)
            }
        }
        return .json(JSONWriter.object(capacity: 32 + items.count * 100) { $0.field("items", objects: items) })
    }
}

extension Answer {
    /// A document that is not on the hot path.
    static func json(encoding value: some Encodable) throws(Problem) -> Answer {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        guard let data = try? encoder.encode(value) else {
            throw Problem(.internalError, "a document cannot be encoded")
        }
        return .json(Array(data))
    }
}
