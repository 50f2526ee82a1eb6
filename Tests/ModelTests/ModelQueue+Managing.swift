import JobModel
import JobStore

/// What people do to a queue and to single jobs of it.
extension ModelQueue {
    /// nil: the queue goes on.
    mutating func pause(_ call: PauseCall?, now: Int) -> Answer {
        guard meta[.format] != nil else { return .paused(was: nil) }
        let was = meta.isPaused
        if call != nil {
            meta[.paused] = 1
            meta[.pausedAt] = meta[.pausedAt] ?? now
        } else {
            meta[.paused] = nil
            meta[.pausedAt] = nil
            if was, count(.queued) + count(.suspect) > 0 { isAwake = true }
        }
        meta.pauseNote = call
        return .paused(was: was)
    }

    /// What the scripts tell is not part of the model: it changes nothing, and that is what the walks show.
    mutating func watch(ms: Int, now: Int) -> Answer {
        guard meta[.format] != nil else { return .watched(was: nil) }
        let left = (meta[.watched] ?? 0) - now
        let isWatched = left > 0 && left <= 60_000
        meta[.watched] = now + (isWatched ? max(left, ms) : ms)
        return .watched(was: isWatched)
    }

    /// Is the job as it was seen? What has no index has no version.
    private func isAs(_ seen: InspectedJob?, _ id: String) -> Bool {
        guard let seen else { return true }
        let now = inspect(id, full: true)
        return now.state == seen.state && now.score == seen.score && now.record == seen.record
            && now.envelope == seen.envelope && now.isAsked == seen.isAsked
    }

    mutating func remove(_ wanted: [SeenJob], in state: JobState?) -> Answer {
        .removed(
            wanted.map { item in
                guard let job = jobs[item.id] else { return .gone }
                if let state, job.state != state { return .changed }
                if job.state == .running { return .running }
                guard isAs(item.seen, item.id) else { return .changed }
                jobs[item.id] = nil
                meta.count(job.state.isFinal ? .forgotten : .removed)
                return .ok
            })
    }

    mutating func edit(_ edit: EditCall, now: Int) -> Answer {
        guard let job = jobs[edit.seen.id] else { return .edited(.gone) }
        if job.state == .running { return .edited(.running) }
        if job.state == .succeeded { return .edited(.succeeded) }
        guard isAs(edit.seen, edit.seen.id) else { return .edited(.changed) }
        var new = job
        new.envelope = text(edit.envelope)
        let due = edit.due.map { Self.moment($0, now) }
        let priority = edit.priority.value
        switch (job.state, due) {
        case (.queued, let due?) where due > now: new.move(to: .scheduled, priority: priority, at: due)
        case (.queued, _): new.priority = priority
        case (.scheduled, let due?) where due <= now, (.retrying, let due?) where due <= now:
            new.move(to: .queued, priority: priority, at: line())
            isAwake = true
        case (.scheduled, _), (.retrying, _), (.suspect, _):
            new.move(to: job.state, priority: priority, at: due ?? job.at)
        default: break
        }
        if new.state != .queued, !new.state.isFinal, new.score < earliestScore(new.state) { isAwake = true }
        jobs[edit.seen.id] = new
        return .edited(.ok)
    }

    /// Behind the place, in its direction.
    func list(_ call: ListCall) -> Answer {
        var places = ids(call.state).map { (score: jobs[$0]!.score, id: $0) }
        if call.backward { places.reverse() }
        let total = places.count
        if let place = call.place {
            func isBehind(_ other: (score: Int, id: String)) -> Bool {
                if other.score != place.score { return (other.score > place.score) != call.backward }
                return other.id != place.id && (other.id > place.id) != call.backward
            }
            places = places.filter(isBehind)
        }
        var view = ListView(total: total)
        for (index, place) in places.enumerated() {
            view.searched += 1
            var job = inspect(place.id, full: true)
            job.errors = []
            if !call.results { job.result = nil }
            if call.filter.holds(for: ArraySlice(job.envelope.utf8)) { view.jobs.append(job) }
            if view.jobs.count == call.limit, index < places.count - 1 {
                view.next = ListCall.Place(score: place.score, id: place.id)
                break
            }
        }
        return .listed(view)
    }
}
