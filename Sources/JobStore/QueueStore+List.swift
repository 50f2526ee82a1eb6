package import JobModel
import Redis

/// Some jobs of one state, in order.
package struct JobPage: Sendable {
    /// ms since 1970 on Redis' clock.
    package var now: Int
    /// With envelope, without the history of errors.
    package var jobs: [JobView] = []
    /// How many jobs were looked at.
    package var searched = 0
    /// How many there are in the state, wanted or not.
    package var total = 0
    /// Where to go on; nil at the end of the list.
    package var next: ListPlace?
}

extension QueueStore {
    /// Most jobs of one page.
    package static let pageLimit = 500
    /// Most jobs that one call looks at for a filter.
    package static let searchLimit = 2000
    /// Most bytes of envelopes and results of one page; a page has one job at least.
    package static let pageBytes = 8 << 20

    /// A page of the jobs of one state, from a place in its order, 1 to 500 of them.
    ///
    /// The order: `queued` as they will be claimed, by priority and sequence; `scheduled`, `retrying`, `suspect` and `blocked`
    /// by their time, then priority; `running` by worker and claim; `succeeded`, `dead` and `cancelled` by when they will be
    /// forgotten, which among jobs with one time to live is when they ended. Among equals by the bytes of their ids.
    /// `backward` turns it round.
    ///
    /// Stable while jobs come and go: one that stays where it is stands on exactly one page. A filter that finds little ends
    /// a page early, after 2,000 jobs; `next` goes on. One round trip, with a filter or large envelopes a few.
    package func list(
        _ state: JobState, from place: ListPlace? = nil, backward: Bool = false, limit: Int = 50,
        filter: JobFilter = JobFilter(), results: Bool = false
    ) async throws(StoreError) -> JobPage {
        var page = JobPage(now: 0)
        var place = place
        var bytes = 0
        repeat {
            let wanted = filter.isOpen ? limit - page.jobs.count : Self.pageLimit
            let want = min(wanted, Self.searchLimit - page.searched)
            let slice = try await slice(state, from: place, backward: backward, limit: want, results: results)
            (page.now, page.total, page.next) = (slice.now, slice.total, slice.next)
            for (index, job) in slice.jobs.enumerated() {
                page.searched += 1
                bytes += job.envelope.count + (job.result?.result.count ?? 0)
                if filter.holds(for: job.envelope) { page.jobs.append(job) }
                guard page.jobs.count == limit else { continue }
                if index < slice.jobs.count - 1 { page.next = job.place }
                return page
            }
            place = page.next
        } while place != nil && page.searched < Self.searchLimit && bytes < Self.pageBytes
        return page
    }

    /// What one round trip brings.
    private func slice(
        _ state: JobState, from place: ListPlace?, backward: Bool, limit: Int, results: Bool
    ) async throws(StoreError) -> JobPage {
        var arguments = arguments()
        arguments.append((Self.indexOrder.firstIndex(of: state) ?? 0) + 1)
        arguments.append(backward ? 1 : 0)
        arguments.append(place?.score ?? "")
        arguments.append(place?.id ?? "")
        arguments.append(limit)
        arguments.append(Self.batchBytes)
        arguments.append(results ? 1 : 0)
        var (_, reader) = try await call(.list, arguments)
        return try read { () throws(RedisError) in try Self.page(of: state, &reader) }
    }

    private static func page(of state: JobState, _ reader: inout ReplyReader) throws(RedisError) -> JobPage {
        var page = JobPage(now: try reader.integer())
        page.total = try reader.integer()
        let isEnd = try reader.integer() == 1
        for _ in 0..<(try reader.array()) {
            var view = JobView(id: try reader.string())
            (view.state, view.isFull) = (state, true)
            page.jobs.append(view)
        }
        _ = try reader.array()
        for index in page.jobs.indices { page.jobs[index].scoreText = try reader.string() }
        _ = try reader.array()
        for index in page.jobs.indices { page.jobs[index].envelope = try reader.optionalBytes() ?? [] }
        _ = try reader.array()
        for index in page.jobs.indices {
            page.jobs[index].result = try reader.optionalBytes().flatMap { ResultRecord(parsing: $0) }
        }
        _ = try reader.array()
        for index in page.jobs.indices { page.jobs[index].recordBytes = try reader.optionalBytes() ?? [] }
        _ = try reader.array()
        for index in page.jobs.indices { page.jobs[index].isAsked = try reader.optionalString() != nil }
        for index in page.jobs.indices {
            page.jobs[index].score = page.jobs[index].scoreText.flatMap { Double($0) }
            page.jobs[index].record = RunRecord(parsing: page.jobs[index].recordBytes)
        }
        page.next = isEnd ? nil : page.jobs.last?.place
        return page
    }

    /// The newest entry of each job's history, for those of a page that have one. One round trip.
    package func newestErrors(of jobs: [JobView]) async throws(StoreError) -> [String: ErrorEntry] {
        let failed = jobs.filter { $0.record.errors > 0 }
        if failed.isEmpty { return [:] }
        var arguments = Arguments()
        arguments.append(Key.errors.name(in: name))
        for job in failed { arguments.append("\(job.id)/\(ErrorEntry.slot(number: job.record.errors))") }
        let reply: Reply
        do throws(RedisError) { reply = try await client.send(Command("HMGET", arguments)) } catch {
            throw .redis(error)
        }
        var reader = reply.reader
        return try read { () throws(RedisError) in
            _ = try reader.array()
            var entries: [String: ErrorEntry] = [:]
            for job in failed {
                if let bytes = try reader.optionalBytes() { entries[job.id] = ErrorEntry(parsing: bytes) }
            }
            return entries
        }
    }
}

extension JobView {
    /// Where it stands in the list of its state.
    var place: ListPlace? { scoreText.flatMap { ListPlace(score: $0, id: id) } }
}
