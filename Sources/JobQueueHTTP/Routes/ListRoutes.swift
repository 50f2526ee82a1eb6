import HTTPTypes
import JobModel
import JobQueueClient
import JobStore

extension JobQueueAPI {
    /// Jobs of one state, page by page.
    var listRoutes: [Route] {
        [
            Route(.get, "/v1/queues/{queue}/jobs", .jobsRead) { call throws(Problem) in try await list(call) },
            Route(.get, "/v1/queues/{queue}/groups", .jobsRead) { call throws(Problem) in try await groups(call) },
        ]
    }

    private func list(_ call: Call) async throws(Problem) -> Answer {
        let name = try call.queue()
        var query = try call.query()
        guard let state = query.text("state").flatMap(JobState.init(rawValue:)) else {
            let states = JobState.allCases.map(\.rawValue).joined(separator: ", ")
            throw Problem(.invalidRequest, "state must be one of \(states)")
        }
        let filter = JobFilter(
            name: try query.name("name"), tag: try query.name("tag"), createdFrom: try query.moment("created_after"),
            createdBefore: try query.moment("created_before"))
        let dead = try query.deadFilter(filter)
        if dead.isMoreThanJobs, state != .dead {
            throw Problem(.invalidRequest, "group, error, died_after and died_before are for state=dead")
        }
        let isBackward = try query.words("order", of: [("first", false), ("last", true)]).first ?? false
        let limit = try query.int("limit", 1...QueueStore.pageLimit) ?? 50
        let cursor = query.text("cursor")
        let place = cursor.flatMap { ListPlace(cursor: $0) }
        if cursor != nil, place == nil {
            throw Problem(.invalidRequest, "cursor must be the next_cursor of another page")
        }
        try query.end()
        let page = try await asking { () throws(StoreError) in
            let store = queue.store.queue(name)
            if state == .dead, dead.isMoreThanJobs || filter.name != nil {
                return try await store.searchDead(dead).page(from: place, backward: isBackward, limit: limit)
            }
            var page = try await store.list(state, from: place, backward: isBackward, limit: limit, filter: filter)
            let errors = try await store.newestErrors(of: page.jobs)
            for index in page.jobs.indices { page.jobs[index].errors = errors[page.jobs[index].id].map { [$0] } ?? [] }
            return page
        }
        if page.total == 0, page.jobs.isEmpty { try await requireKnown(name) }
        return answer(page, name, call, replacing: cursor)
    }

    /// What the dead jobs of a queue died of.
    private func groups(_ call: Call) async throws(Problem) -> Answer {
        let name = try call.queue()
        var query = try call.query()
        let jobName = try query.name("name")
        try query.end()
        let groups = try await asking { () throws(StoreError) in
            try await queue.store.queue(name).allDeadGroups(name: jobName)
        }
        if groups.total == 0 { try await requireKnown(name) }
        return try .json(encoding: DeadGroupsReport(groups))
    }

    /// A name that was mistyped must not pass for a queue without jobs.
    private func requireKnown(_ name: QueueName) async throws(Problem) {
        let known = try await asking { () throws(StoreError) in try await queue.store.queues() }
        if !known.contains(name) { throw Self.unknownQueue(name) }
    }

    private func answer(_ page: JobPage, _ name: QueueName, _ call: Call, replacing cursor: String?) -> Answer {
        let next = page.next?.cursor
        let items = page.jobs.map { JobDocument(view: $0, queue: name).encoded() }
        let document = JSONWriter.object(capacity: 128 + items.reduce(0) { $0 + $1.count + 1 }) { writer in
            writer.field("items", objects: items)
            if let next { writer.field("next_cursor", next) } else { writer.null("next_cursor") }
            writer.field("searched", page.searched)
            writer.field("complete", next == nil)
        }
        guard let next else { return .json(document) }
        let others = call.queryText.split(separator: "&").filter { !$0.hasPrefix("cursor=") }
        let query = (others + ["cursor=\(next)"]).joined(separator: "&")
        let link = "<\(configuration.prefix)/v1/queues/\(name)/jobs?\(query)>; rel=\"next\""
        // What the caller wrote stands in it: only what may stand in a header.
        return .json(document, headers: HTTPField.isValidValue(link) ? [.link: link] : [:])
    }
}

extension HTTPField.Name {
    static let link = HTTPField.Name("Link")!
}

extension DeadFilter {
    /// It asks for what only dead jobs have.
    fileprivate var isMoreThanJobs: Bool { (group, error, diedFrom, diedBefore) != (nil, nil, nil, nil) }
}

extension Query {
    /// What dead jobs died of, and when.
    fileprivate mutating func deadFilter(_ jobs: JobFilter) throws(Problem) -> DeadFilter {
        var filter = DeadFilter()
        filter.jobs = jobs
        if let text = text("group") {
            filter.group = DeadGroup(text)
            if filter.group == nil { throw Problem(.invalidRequest, "group must be one that …/groups answers") }
        }
        filter.error = text("error")
        if filter.error == "" { throw Problem(.invalidRequest, "error must be a fingerprint, or a part of an error") }
        filter.diedFrom = try moment("died_after")
        filter.diedBefore = try moment("died_before")
        return filter
    }

    /// A job's name or a tag.
    mutating func name(_ field: String) throws(Problem) -> String? {
        guard let text = text(field) else { return nil }
        if Names.isName(text) { return text }
        throw Problem(.invalidRequest, "\(field) must be 1 to 64 of the characters A-Z a-z 0-9 . _ -")
    }
}
