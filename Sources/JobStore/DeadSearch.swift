package import JobModel
import Redis

/// Which dead jobs are wanted. Every condition that is given must hold.
package struct DeadFilter: Equatable, Sendable {
    /// What envelopes say.
    package var jobs = JobFilter()
    /// Of this group.
    package var group: DeadGroup?
    /// A fingerprint; or a text that is in the error, its type or its reason of the last of a group to die, in capitals or not.
    package var error: String?
    /// Died at this moment or later, and before this one, ms since 1970.
    package var diedFrom: Int?
    package var diedBefore: Int?

    package init() {}

    /// Does a group lead to the jobs?
    fileprivate var isByGroup: Bool { group != nil || error != nil || jobs.name != nil }

    fileprivate func holds(diedMs: Int) -> Bool {
        diedMs >= diedFrom ?? .min && diedMs < diedBefore ?? .max
    }

    fileprivate func isError(_ group: DeadGroup, _ entry: ErrorEntry?) -> Bool {
        guard let error else { return true }
        if Fingerprint.isOne(error) { return group.fingerprint == error }
        guard let entry else { return false }
        let wanted = error.lowercased()
        return [entry.message, entry.type, entry.reason.rawValue].contains { $0.lowercased().contains(wanted) }
    }
}

/// A search in the dead jobs of a queue: decided once, then gone through page by page.
///
/// With a name, a group or an error the index of groups leads to the jobs, so that the others cost nothing. Only where
/// jobs died before there was that index, all dead jobs are looked at, 2,000 a page.
package struct DeadSearch: Sendable {
    private enum Way: Sendable {
        /// In the order of death.
        case all
        /// In the order of these parts of the index.
        case ranges([DeadRange])
        /// In the order of death, each looked at.
        case each
    }

    private let store: QueueStore
    package let filter: DeadFilter
    /// When it began, ms since 1970 on Redis' clock.
    package let now: Int
    private let way: Way

    fileprivate init(_ store: QueueStore, _ filter: DeadFilter) async throws(StoreError) {
        (self.store, self.filter) = (store, filter)
        let isByText = filter.error != nil && filter.group == nil
        let name = filter.group?.name ?? filter.jobs.name
        let groups =
            isByText
            ? try await store.allDeadGroups(name: name)
            : try await store.deadGroups(name: name, limit: 1, samples: false)
        now = groups.now
        if !filter.isByGroup {
            way = .all
        } else if groups.ungrouped > 0 {
            way = .each
        } else if isByText {
            way = .ranges(
                groups.groups.filter { filter.isError($0.group, $0.sample) }
                    .map { DeadRange($0.group, from: filter.diedFrom, before: filter.diedBefore) })
        } else if let group = filter.group {
            let isMeant = filter.isError(group, nil) && filter.jobs.name ?? group.name == group.name
            way = .ranges(isMeant ? [DeadRange(group, from: filter.diedFrom, before: filter.diedBefore)] : [])
        } else {
            way = .ranges(name.map { [DeadRange(name: $0)] } ?? [])
        }
    }

    /// A page of what is wanted, 1 to 500 jobs, each with the entry that ended it; `backward` begins with the last to die. A
    /// page ends early after 2,000 jobs or 8 MiB; `next` goes on.
    package func page(
        from place: ListPlace? = nil, backward: Bool = false, limit: Int = 50
    ) async throws(StoreError) -> JobPage {
        var page: JobPage
        switch way {
        case .all: page = try await inOrderOfDeath(from: place, backward: backward, limit: limit, filter.jobs)
        case .each: return try await lookingAtEach(from: place, backward: backward, limit: limit)
        case .ranges(let ranges):
            page = try await inRanges(backward ? ranges.reversed() : ranges, place, backward: backward, limit: limit)
        }
        let errors = try await store.newestErrors(of: page.jobs)
        for index in page.jobs.indices { page.jobs[index].errors = errors[page.jobs[index].id].map { [$0] } ?? [] }
        return page
    }

    // MARK: Ways

    /// Behind every moment: where those begin that are kept for ever.
    private static let forever = ListPlace(score: "9000000000000001", id: "")

    /// What is dead for the standard time, and will be forgotten in this span; forward also what is kept for ever, by what its
    /// record says.
    private func inOrderOfDeath(
        from place: ListPlace?, backward: Bool, limit: Int, _ jobs: JobFilter
    ) async throws(StoreError) -> JobPage {
        let first = backward ? filter.diedBefore : filter.diedFrom
        let last = backward ? filter.diedFrom.map { $0 - 1 } : filter.diedBefore
        let start = first.flatMap { ListPlace(score: String($0 + Limits.deadTTL), id: "") }
        var page = try await store.list(
            .dead, from: place ?? start, backward: backward, limit: limit, filter: jobs)
        guard let last else { return page }
        if !backward, let place, Double(place.score) ?? 0 > 9e15 {
            page.jobs.removeAll { !filter.holds(diedMs: $0.record.at) }
            return page
        }
        let end = Double(last + Limits.deadTTL)
        let kept = page.jobs.prefix { backward ? $0.score ?? 0 > end : $0.score ?? 0 < end }
        let isOver = kept.count < page.jobs.count || page.next.map { Self.isBeyond($0, end, backward) } ?? false
        page.jobs = Array(kept)
        if isOver { page.next = backward ? nil : Self.forever }
        return page
    }

    private static func isBeyond(_ place: ListPlace, _ end: Double, _ backward: Bool) -> Bool {
        let score = Double(place.score) ?? 0
        return backward ? score <= end : score >= end
    }

    private func lookingAtEach(
        from place: ListPlace?, backward: Bool, limit: Int
    ) async throws(StoreError) -> JobPage {
        var jobs = filter.jobs
        jobs.name = nil
        var page = JobPage(now: now)
        var place = place
        repeat {
            let slice = try await inOrderOfDeath(
                from: place, backward: backward, limit: QueueStore.pageLimit, jobs)
            let errors = try await store.newestErrors(of: slice.jobs)
            page.searched += slice.searched
            (page.total, page.next, place) = (slice.total, slice.next, slice.next)
            for (index, job) in slice.jobs.enumerated() where isWanted(job, errors[job.id]) {
                page.jobs.append(job)
                page.jobs[page.jobs.count - 1].errors = errors[job.id].map { [$0] } ?? []
                guard page.jobs.count == limit else { continue }
                if index < slice.jobs.count - 1 { page.next = job.place }
                return page
            }
        } while place != nil && page.searched < QueueStore.searchLimit
        return page
    }

    private func isWanted(_ job: JobView, _ entry: ErrorEntry?) -> Bool {
        let name = (try? Envelope(parsing: job.envelope))?.name
        if let wanted = filter.jobs.name, wanted != name { return false }
        let group = DeadGroup(name: name, entry ?? ErrorEntry())
        return filter.group ?? group == group && filter.isError(group, entry)
    }

    /// One range after the other. A place is a member of the index.
    private func inRanges(
        _ ranges: [DeadRange], _ place: ListPlace?, backward: Bool, limit: Int
    ) async throws(StoreError) -> JobPage {
        var page = JobPage(now: now)
        var place = place?.id
        var first = 0
        if let member = place.flatMap(DeadMember.init) {
            first = ranges.firstIndex { $0.holds(member) } ?? ranges.count
        }
        for range in ranges.dropFirst(first) {
            var left = 1
            while left > 0 {
                if page.searched >= QueueStore.searchLimit { return page }
                let slice = try await store.grouped(
                    range.behind(place, backward: backward), backward,
                    limit: min(limit, QueueStore.searchLimit - page.searched))
                left = slice.left
                for (index, (job, member)) in slice.jobs.enumerated() {
                    page.searched += 1
                    place = member
                    let isEnd = left == 0 && index == slice.jobs.count - 1 && range == ranges.last
                    page.next = isEnd ? nil : ListPlace(score: "0", id: member)
                    if let job, isWanted(job, member) { page.jobs.append(job) }
                    if page.jobs.count == limit { return page }
                }
            }
            place = nil
        }
        page.next = nil
        return page
    }

    private func isWanted(_ job: JobView, _ member: String) -> Bool {
        guard let member = DeadMember(member) else { return false }
        return filter.holds(diedMs: member.diedMs) && filter.jobs.holds(for: job.envelope)
    }

    // MARK: Counting

    /// How many jobs are wanted, in one round trip; nil where only going through all of them tells.
    package func count() async throws(StoreError) -> Int? {
        var jobs = filter.jobs
        jobs.name = nil
        guard jobs.isOpen else { return nil }
        let commands: [Command]
        switch way {
        case .each: return nil
        case .all:
            let low = filter.diedFrom.map { String($0 + Limits.deadTTL) } ?? "-inf"
            let high = filter.diedBefore.map { "(\($0 + Limits.deadTTL)" } ?? "+inf"
            commands = [Command("ZCOUNT", Key.dead.name(in: store.name), low, high)]
        case .ranges(let ranges):
            // Of a name's whole range the moments are not bounds.
            if filter.group == nil, filter.error == nil, filter.diedFrom ?? filter.diedBefore != nil { return nil }
            commands = ranges.map { Command("ZLEXCOUNT", Key.groups.name(in: store.name), $0.low, $0.high) }
        }
        var count = 0
        do throws(RedisError) {
            for reply in commands.isEmpty ? [] : try await store.client.pipeline(commands) {
                count += try reply.get().integer()
            }
        } catch { throw .redis(error) }
        return count
    }
}

extension DeadRange {
    /// Does a member's group belong here?
    fileprivate func holds(_ member: DeadMember) -> Bool {
        let group = low.dropFirst()
        return member.text.hasPrefix(group) || "\(member.group)/" == group.prefix("\(member.group)/".count)
    }
}

extension QueueStore {
    /// Begins a search.
    package func searchDead(_ filter: DeadFilter) async throws(StoreError) -> DeadSearch {
        try await DeadSearch(self, filter)
    }

    /// Dead jobs of a part of the index by their members, and how many are left behind them. There is no job where a torn log
    /// left a member without one.
    fileprivate func grouped(
        _ range: DeadRange, _ backward: Bool, limit: Int
    ) async throws(StoreError) -> (left: Int, jobs: [(job: JobView?, member: String)]) {
        var arguments = arguments()
        arguments.append(range.low)
        arguments.append(range.high)
        arguments.append(backward ? 1 : 0)
        arguments.append(limit)
        arguments.append(Self.batchBytes)
        var (_, reader) = try await call(.grouped, arguments)
        return try read { () throws(RedisError) in
            _ = try reader.integer()
            let total = try reader.integer()
            var found: [(job: JobView?, member: String)] = []
            for _ in 0..<(try reader.array()) {
                let member = try reader.string()
                found.append((DeadMember(member).map { JobView(id: $0.id) }, member))
            }
            _ = try reader.array()
            for index in found.indices { found[index].job?.scoreText = try reader.optionalString() }
            _ = try reader.array()
            for index in found.indices { found[index].job?.envelope = try reader.optionalBytes() ?? [] }
            _ = try reader.array()
            for index in found.indices { found[index].job?.recordBytes = try reader.optionalBytes() ?? [] }
            return (total - found.count, found.map { (Self.complete($0.job), $0.member) })
        }
    }

    private static func complete(_ job: JobView?) -> JobView? {
        guard var job, let score = job.scoreText else { return nil }
        (job.state, job.isFull) = (.dead, true)
        job.score = Double(score)
        job.record = RunRecord(parsing: job.recordBytes)
        return job
    }
}
