import Crypto
package import JobModel
import Redis

// Another life for jobs that ended.

extension QueueStore {
    package enum RequeueAnswer: String, Sendable {
        case ok
        /// It is neither dead nor cancelled.
        case gone
        /// Its record changed since it was read, or the envelope that was to be replaced: read it again.
        case changed
        /// The queue takes no more.
        case full
    }

    /// A job to be given another life: its priority, the stored record as it was read, and the new one.
    package struct Requeue: Sendable {
        package var id: String
        package var priority: Priority
        package var old: ArraySlice<UInt8>
        package var new: RunRecord
        /// The envelope as it was read, and the one instead of it; nil: as it is.
        package var envelope: (old: ArraySlice<UInt8>, new: [UInt8])?
        package init(
            id: String, priority: Priority, old: ArraySlice<UInt8>, new: RunRecord,
            envelope: (old: ArraySlice<UInt8>, new: [UInt8])? = nil
        ) {
            self.id = id
            self.priority = priority
            self.old = old
            self.new = new
            self.envelope = envelope
        }

        /// About how many bytes it takes on the wire.
        var byteCount: Int { 300 + old.count + (envelope?.new.count ?? 0) }
    }

    /// Gives up to 1,000 jobs another life. Answers for each, in order, when it is written down; throws like `confirm`.
    package func requeue(_ jobs: [Requeue]) async throws(StoreError) -> [RequeueAnswer] {
        var arguments = arguments(capacity: jobs.reduce(64) { $0 + $1.byteCount })
        for job in jobs {
            arguments.append(job.id)
            arguments.append(job.priority.value)
            arguments.append(bytes: job.old)
            arguments.append(bytes: job.new.encoded())
            arguments.append(job.envelope.map { Self.digest($0.old) } ?? "")
            arguments.append(bytes: job.envelope?.new ?? [])
        }
        var reader = try await confirmed(.requeue, arguments)
        return try read { () throws(RedisError) in
            _ = try reader.integer()
            var answers: [RequeueAnswer] = []
            for _ in jobs { answers.append(RequeueAnswer(rawValue: try reader.string()) ?? .gone) }
            return answers
        }
    }

    private static func digest(_ bytes: ArraySlice<UInt8>) -> String {
        Insecure.SHA1.hash(data: Array(bytes)).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }
}

extension QueueStore.Requeue {
    /// Another life for a job that was seen with its envelope.
    package init(again view: JobView) {
        var record = RunRecord()
        record.generation = view.record.generation + 1
        // The history goes on counting, so that what happened before stays readable.
        record.errors = view.record.errors
        record.last = view.record.last
        record.by = view.record.by
        record.at = view.record.at
        record.due = view.seenMs
        let priority = (try? Envelope(parsing: view.envelope))?.policy.priority ?? .normal
        self.init(id: view.id, priority: priority, old: view.recordBytes, new: record)
    }
}
