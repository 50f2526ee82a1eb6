import HTTPTypes
import JobModel
import JobQueueClient
import JobStore

extension JobQueueAPI {
    /// What a person does to a whole queue.
    var queueManageRoutes: [Route] {
        [
            Route(.post, "/v1/queues/{queue}/pause", .queuesManage) { call throws(Problem) in
                var fields = try await call.objectOrNothing(limit: configuration.maxBodyBytes)
                let reason = fields.string("reason") ?? ""
                if reason.unicodeScalars.count > QueueStore.noteLimit {
                    fields.refuse("reason", "too-long", "must be at most \(QueueStore.noteLimit) characters")
                }
                try fields.end(.invalidDocument)
                return try await changed(call) { store throws(StoreError) in
                    try await store.pause(by: call.caller.id, reason: reason) != nil
                }
            },
            Route(.post, "/v1/queues/{queue}/resume", .queuesManage) { call throws(Problem) in
                var fields = try await call.objectOrNothing(limit: configuration.maxBodyBytes)
                try fields.end(.invalidDocument)
                return try await changed(call) { store throws(StoreError) in try await store.resume() != nil }
            },
            Route(.post, "/v1/queues/{queue}/purge", .queuesManage) { call throws(Problem) in try await purge(call) },
        ]
    }

    /// The queue after a change; `change` answers false when there is no such queue.
    private func changed(
        _ call: Call, _ change: (QueueStore) async throws(StoreError) -> Bool
    ) async throws(Problem) -> Answer {
        let name = try call.queue()
        let isThere = try await asking { () throws(StoreError) in try await change(queue.store.queue(name)) }
        guard isThere else { throw Self.unknownQueue(name) }
        let report = try await asking { () throws(StoreError) in try await InfoReader(store: queue.store).report([name])
        }
        guard let queue = report.queues.first else { throw Self.unknownQueue(name) }
        return try .json(encoding: queue)
    }

    static func unknownQueue(_ name: QueueName) -> Problem {
        Problem(.queueNotFound, "there is no queue \(name): nothing was ever enqueued to it")
    }

    private static let purgeable: [JobState] = [
        .scheduled, .queued, .retrying, .suspect, .succeeded, .dead, .cancelled,
    ]

    private func purge(_ call: Call) async throws(Problem) -> Answer {
        let name = try call.queue()
        var fields = try await call.object(limit: configuration.maxBodyBytes)
        let words = fields.strings("states") ?? []
        let states = words.compactMap { word in Self.purgeable.first { $0.rawValue == word } }
        if states.isEmpty || states.count != words.count {
            let known = Self.purgeable.map(\.rawValue).joined(separator: ", ")
            fields.refuse("states", "out-of-range", "must be some of \(known)")
        }
        let confirmation = fields.string("confirm")
        if confirmation == nil, fields.problems.isEmpty { fields.missing("confirm", "the queue's name once more") }
        try fields.end(.invalidDocument)
        guard confirmation == name.text else {
            throw Problem(.notConfirmed, "confirm must be the queue's name, \(name): nothing was deleted")
        }
        let isThere = try await asking { () throws(StoreError) in
            try await InfoReader(store: queue.store).report([name]).queues.isEmpty == false
        }
        guard isThere else { throw Self.unknownQueue(name) }
        let removed = try await asking { () throws(StoreError) in
            try await queue.store.queue(name).purge(Set(states))
        }
        return try .json(encoding: Dictionary(uniqueKeysWithValues: removed.map { ($0.key.rawValue, $0.value) }))
    }
}

extension Call {
    /// A body that may be missing.
    func objectOrNothing(limit: Int) async throws(Problem) -> Fields {
        let body = try await body(limit: limit)
        if body.isEmpty { return try Fields(Array("{}".utf8)) }
        try checkMedia(["application/json"])
        return try Fields(body)
    }
}
