package import JobModel
import Redis

// What people do to a queue and to single jobs of it.

extension QueueStore {
    /// Longest text about a pause, in characters.
    package static let noteLimit = 200

    /// Nothing is claimed any more; what runs goes on, and jobs come in. Who wants it and why is kept as one printable line,
    /// cut at 200 characters. A queue that is paused already stays so since it was first, for the new reason.
    ///
    /// Answers whether it was paused before; nil when there is no such queue.
    package func pause(by: String, reason: String) async throws(StoreError) -> Bool? {
        try await pause(true, by, reason)
    }

    /// The queue goes on. Answers whether it was paused; nil when there is no such queue.
    package func resume() async throws(StoreError) -> Bool? { try await pause(false, "", "") }

    private func pause(_ isPausing: Bool, _ by: String, _ reason: String) async throws(StoreError) -> Bool? {
        var arguments = arguments()
        arguments.append(isPausing ? 1 : 0)
        for text in [by, reason] { arguments.append(Printable.oneLine(text, limit: Self.noteLimit - 1)) }
        var (word, reader) = try await call(.pause, arguments)
        if word == "gone" { return nil }
        return try read { () throws(RedisError) in
            _ = try reader.integer()
            return try reader.integer() == 1
        }
    }

    /// A job, and what was seen of it; nil: whatever it is now.
    package struct Sighting: Sendable {
        package var id: String
        /// Of `JobView`.
        package var version: String?
        package init(id: String, version: String? = nil) {
            self.id = id
            self.version = version
        }
    }

    package enum RemoveAnswer: String, Sendable {
        case ok
        /// It runs: ask it to stop first.
        case running
        /// There is no such job.
        case gone
        /// It is not as it was seen, or in another state than the one asked for.
        case changed
    }

    /// Deletes up to 1,000 jobs that do not run, with record, result and history; only those in `state`, where one is given.
    /// Ids that are to be remembered stay so. Answers for each, in order.
    package func remove(_ jobs: [Sighting], in state: JobState? = nil) async throws(StoreError) -> [RemoveAnswer] {
        var arguments = arguments()
        arguments.append(state?.rawValue ?? "")
        for job in jobs {
            arguments.append(job.id)
            arguments.append(job.version ?? "")
        }
        var (_, reader) = try await call(.remove, arguments)
        return try read { () throws(RedisError) in
            _ = try reader.integer()
            var answers: [RemoveAnswer] = []
            for _ in jobs { answers.append(RemoveAnswer(rawValue: try reader.string()) ?? .gone) }
            return answers
        }
    }

    /// Deletes what is in these states, in slices of 1,000, those first that would be claimed or forgotten first. Jobs that
    /// run are left alone, and so is the inbox.
    ///
    /// Of each state at most as many as were in it when the call began, so that it ends while jobs come in. Two round trips
    /// a slice. `progress` hears after each slice how many are gone so far; a cancelled task stops behind its slice.
    /// Answers how many were deleted of each state.
    package func purge(
        _ states: Set<JobState>, progress: (_ removed: [JobState: Int]) async -> Void = { _ in }
    ) async throws(StoreError) -> [JobState: Int] {
        var removed: [JobState: Int] = [:]
        let start = try await snapshot()
        for state in JobState.allCases where states.contains(state) && state != .running {
            removed[state] = 0
            var left = start.count(state)
            while left > 0, !Task.isCancelled {
                let ids = try await firstIDs(state, limit: min(left, Self.batchLimit))
                if ids.isEmpty { break }
                let answers = try await remove(ids.map { Sighting(id: $0) }, in: state)
                left -= ids.count
                removed[state, default: 0] += answers.count { $0 == .ok }
                await progress(removed)
            }
        }
        return removed
    }

    /// A job with another envelope, priority or time.
    package struct Edit: Sendable {
        package var id: String
        /// Of the `JobView` that it was made from.
        package var version: String
        package var envelope: [UInt8]
        package var priority: Priority
        /// nil: as it is.
        package var due: Due?
        package init(id: String, version: String, envelope: [UInt8], priority: Priority, due: Due? = nil) {
            self.id = id
            self.version = version
            self.envelope = envelope
            self.priority = priority
            self.due = due
        }
    }

    package enum EditAnswer: String, Sendable {
        case ok
        /// It is not as it was seen: read it again. After an unknown outcome that may be the work of the call itself.
        case changed
        /// Too late.
        case running, succeeded
        /// There is no such job.
        case gone
    }

    /// Replaces the envelope of a job that waits, or is dead or cancelled.
    ///
    /// A queued job keeps its place among those of its priority; with a time to come it is scheduled. A scheduled or retrying
    /// one whose new time has come is queued, at the end. A suspect stays a suspect. The others have no time: `due` is
    /// ignored.
    package func edit(_ edit: Edit) async throws(StoreError) -> EditAnswer {
        var arguments = arguments(capacity: edit.envelope.count + 256)
        arguments.append(edit.id)
        arguments.append(edit.version)
        arguments.append(bytes: edit.envelope)
        arguments.append(edit.priority.value)
        if let due = edit.due { arguments.append(min(due.wire, Due.latest)) } else { arguments.append("") }
        var (_, reader) = try await call(.edit, arguments)
        return try read { () throws(RedisError) in
            _ = try reader.integer()
            return EditAnswer(rawValue: try reader.string()) ?? .gone
        }
    }
}
