import JobModel

@testable import JobStore

/// What is known of dead jobs by their groups.
extension ModelQueue {
    /// The members of the index in its order, with their jobs.
    private var members: [(text: String, id: String, group: DeadGroup, diedMs: Int)] {
        jobs.compactMap { id, job in
            guard let cause = job.cause else { return nil }
            let parts = cause.split(separator: "/").map(String.init)
            return ("\(cause)/\(id)", id, DeadGroup("\(parts[0])/\(parts[1])")!, Int(parts[2])!)
        }.sorted { Array($0.text.utf8).lexicographicallyPrecedes(Array($1.text.utf8)) }
    }

    func groups(_ name: String?, limit: Int, now: Int) -> Answer {
        let members = members
        var page = DeadGroups(now: now, total: count(.dead), ungrouped: 0)
        for group in Set(members.map(\.group)).sorted() where name == nil || group.name == name {
            if page.groups.count == limit {
                page.next = page.groups.last?.group
                break
            }
            let own = members.filter { $0.group == group }
            page.groups.append(
                DeadGroupView(
                    group: group, count: own.count, firstMs: own[0].diedMs, lastMs: own.last!.diedMs,
                    sampleID: own.last!.id))
        }
        return .groups(page)
    }

    func search(_ call: SearchCall) -> Answer {
        func isWithin(_ ms: Int) -> Bool { ms >= call.diedFrom ?? .min && ms < call.diedBefore ?? .max }
        var places = members.filter { member in
            if let name = call.name, member.group.name != name { return false }
            if let group = call.group, member.group != group { return false }
            return true
        }
        if call.backward { places.reverse() }
        if let place = call.place {
            places = places.filter { call.backward ? $0.text < place : $0.text > place }
        }
        // The moments are bounds of a group only.
        if call.group != nil { places = places.filter { isWithin($0.diedMs) } }
        var found: [InspectedJob] = []
        for (index, place) in places.enumerated() {
            guard isWithin(place.diedMs) else { continue }
            var job = inspect(place.id, full: true)
            if let name = call.name, !JobFilter(name: name).holds(for: ArraySlice(job.envelope.utf8)) { continue }
            let number = RunRecord(parsing: ArraySlice(job.record.utf8)).errors
            job.errors =
                jobs[place.id]!.errors[ErrorEntry.slot(number: number)]
                .flatMap { number > 0 ? ErrorEntry(parsing: ArraySlice($0.utf8)) : nil }.map { [$0] } ?? []
            found.append(job)
            if found.count == call.limit {
                return .searched(found, next: index < places.count - 1 ? place.text : nil)
            }
        }
        return .searched(found, next: nil)
    }

    mutating func restore(_ copies: [DeadCopy], now: Int) -> Answer {
        .restored(
            copies.map { copy in
                guard Names.isID(copy.id) else { return .invalid }
                if jobs[copy.id] != nil { return .dup }
                if meta[.format] == nil {
                    meta[.format] = StoreScript.format
                    meta[.born] = meta[.born] ?? now * 1000
                }
                let forget = copy.forgetMs.map { $0 > now ? $0 : now + Limits.deadTTL } ?? ModelJob.forever
                var job = ModelJob(envelope: text(copy.envelope), state: .dead, priority: 0, at: forget)
                job.record = copy.record.isEmpty ? nil : text(copy.record)
                job.errors = copy.errors.mapValues { text($0) }
                job.cause = Self.cause(copy.group, copy.diedMs)
                jobs[copy.id] = job
                return .ok
            })
    }
}
