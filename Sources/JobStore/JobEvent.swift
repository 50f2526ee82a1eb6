package import JobModel
import Redis

/// Something that happened to a job, or to its queue, as the script that did it told.
package struct JobEvent: Equatable, Sendable {
    package enum Kind: String, CaseIterable, Sendable {
        /// It came in, and waits in line or for its time.
        case enqueued
        /// Its time has come.
        case promoted
        case claimed
        case succeeded
        /// Its run failed, or put it off, and it waits for the next one.
        case retrying
        /// Too many of its runs were lost: it waits to run alone.
        case suspect
        /// Its worker gave it back.
        case released
        case dead
        case cancelled
        /// It runs, and was asked to stop.
        case asked
        /// Its worker is lost; what comes next says where it went.
        case recovered
        case requeued
        case edited
        case deleted
        /// It was exported, and is back among the dead ones.
        case restored
        /// It had ended, and was kept long enough.
        case forgotten
        /// The queue starts nothing any more.
        case paused
        case resumed
    }

    package var queue: QueueName
    /// When, ms since 1970 by Redis' clock.
    package var at: Int
    package var kind: Kind
    /// Nil: it is about the queue.
    package var id: String?
    /// Where the job is since then; nil where it is gone, or none is meant.
    package var state: JobState?
    /// Of the worker, where it was one's doing or fate.
    package var incarnation: Incarnation?
}

extension JobEvent.Kind {
    /// Where it leaves a job, unless the entry says otherwise.
    var state: JobState? {
        switch self {
        case .enqueued, .promoted, .released, .requeued, .edited: .queued
        case .claimed, .asked, .recovered: .running
        case .succeeded: .succeeded
        case .retrying: .retrying
        case .suspect: .suspect
        case .dead, .restored: .dead
        case .cancelled: .cancelled
        case .deleted, .forgotten, .paused, .resumed: nil
        }
    }
}

/// A place in a stream of Redis: the id of an entry, `1763700000123-0`.
struct StreamPlace: Comparable, Sendable {
    var ms: UInt64
    var number: UInt64

    init?(_ text: String) {
        let parts = text.split(separator: "-")
        guard parts.count == 2, let ms = UInt64(parts[0]), let number = UInt64(parts[1]) else { return nil }
        (self.ms, self.number) = (ms, number)
    }

    var text: String { "\(ms)-\(number)" }

    static func < (a: Self, b: Self) -> Bool { (a.ms, a.number) < (b.ms, b.number) }
}

extension JobEvent {
    /// What an entry of a queue tells: one event for each id. Nothing for what this version does not know.
    static func all(of queue: QueueName, fields: [String: String]) -> [JobEvent] {
        guard let kind = fields["event"].flatMap(Kind.init), let at = fields["at"].flatMap({ Int($0) }) else {
            return []
        }
        let event = JobEvent(
            queue: queue, at: at, kind: kind, id: nil,
            state: fields["state"].flatMap(JobState.init) ?? kind.state,
            incarnation: fields["incarnation"].flatMap { Int($0) }.flatMap { number in
                Incarnation.range.contains(number) ? Incarnation(number) : nil
            })
        let ids = (fields["ids"] ?? "").split(separator: " ")
        if ids.isEmpty { return [event] }
        return ids.map { id in
            var event = event
            event.id = String(id)
            return event
        }
    }
}
