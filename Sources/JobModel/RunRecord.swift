/// What happened to a job so far, as far as decisions need it. Stored beside the envelope once a run ended other than by
/// success; absent means zeros. Scripts store it without reading it.
package struct RunRecord: Equatable, Sendable {
    /// Counts requeues: the lives of this job.
    package var generation = 0
    /// Runs of this life that failed or timed out.
    package var attempts = 0
    /// Runs in a row whose lease was lost. A run that ends by itself clears it.
    package var lost = 0
    /// Proven crashes in a row while the job ran alone. A run that ends by itself clears it.
    package var crashes = 0
    /// Claims in a row that found no handler for the name.
    package var unhandled = 0
    /// Entries ever written into the error history, over all lives.
    package var errors = 0
    /// Why the last run ended.
    package var last: Reason?
    /// The worker that had it.
    package var by = ""
    /// When that was, ms since 1970.
    package var at = 0
    /// From when on it may run again, ms since 1970; 0: at once. Nothing but a statement: what decides is the job's place.
    package var due = 0

    package init() {}

    package func encoded() -> [UInt8] {
        JSONWriter.object(capacity: 128) { writer in
            if generation != 0 { writer.field("gen", generation) }
            writer.field("attempts", attempts)
            if lost != 0 { writer.field("lost", lost) }
            if crashes != 0 { writer.field("crashes", crashes) }
            if unhandled != 0 { writer.field("unhandled", unhandled) }
            writer.field("errors", errors)
            if let last { writer.field("last", last.rawValue) }
            writer.field("by", by)
            writer.field("at", at)
            if due != 0 { writer.field("due", due) }
        }
    }

    /// Reads a stored record; empty bytes are zeros. What cannot be read is zero too: a job is never lost for its record.
    package init(parsing bytes: ArraySlice<UInt8>) {
        guard !bytes.isEmpty else { return }
        self = bytes.withUnsafeBufferPointer { buffer in
            var record = RunRecord()
            var scanner = JSONScanner(buffer)
            try? scanner.object { key, range in
                record.take(String(decoding: key, as: UTF8.self), UnsafeBufferPointer(rebasing: buffer[range]))
            }
            return record
        }
    }

    private mutating func take(_ key: String, _ value: UnsafeBufferPointer<UInt8>) {
        let number = JSONReader.count(value)
        switch key {
        case "gen": generation = number
        case "attempts": attempts = number
        case "lost": lost = number
        case "crashes": crashes = number
        case "unhandled": unhandled = number
        case "errors": errors = number
        case "last": last = JSONReader.string(value).flatMap(Reason.init(rawValue:))
        case "by": by = JSONReader.string(value) ?? ""
        case "at": at = number
        case "due": due = number
        default: break
        }
    }
}

/// Why a run ended other than by success, or why a job is dead.
public enum Reason: String, Sendable, CaseIterable {
    /// The handler threw.
    case failed
    /// The handler threw `JobError.permanent`.
    case permanent
    /// The run took longer than its time limit.
    case timeout
    /// The handler asked to be run again later, without an attempt being spent.
    case snoozed
    /// Given back at shutdown, without an attempt being spent.
    case released
    /// The lease ran out: worker, host or network went away.
    case lost
    /// The process died while the job ran.
    case crash
    /// The payload does not decode as the handler's type.
    case payload
    /// The stored job itself cannot be read.
    case malformed
    /// No worker here knows the name.
    case unhandled = "no handler"
    /// It did not start in time.
    case expired
    /// Cancelled on request while it ran.
    case cancelled
}

/// One entry of a job's error history: how one run ended.
package struct ErrorEntry: Equatable, Sendable {
    /// Counts the entries of the job, from 1.
    package var number = 0
    package var at = 0
    /// The attempt that it was, from 1.
    package var attempt = 0
    package var reason = Reason.failed
    /// The type of the error, such as `DecodingError`.
    package var type = ""
    package var message = ""
    package var worker = ""
    /// How long the run took, in ms.
    package var ms = 0

    package init() {}

    /// Longest message and longest type, in bytes of JSON: an entry stays below 4 KiB however hostile its texts are.
    package static let messageLimit = 4096 - 512
    package static let typeLimit = 128

    /// The field of the history that entry `number` is stored in: the first one is kept for good, the others share a
    /// ring of nine. So a history is at most ten fields, and they can be deleted without knowing how many there are.
    package static func slot(number: Int) -> Int { number <= 1 ? 0 : 1 + (number - 2) % 9 }
    package static let slots = 0...9

    package func encoded() -> [UInt8] {
        JSONWriter.object(capacity: 160 + message.utf8.count) { writer in
            writer.field("n", number)
            writer.field("at", at)
            writer.field("attempt", attempt)
            writer.field("reason", reason.rawValue)
            if !type.isEmpty { writer.field("type", storedType) }
            writer.field("message", storedMessage)
            writer.field("worker", worker)
            writer.field("ms", ms)
        }
    }

    package init?(parsing bytes: ArraySlice<UInt8>) {
        var entry = ErrorEntry()
        let isRead: Bool = bytes.withUnsafeBufferPointer { buffer in
            var scanner = JSONScanner(buffer)
            return
                (try? scanner.object { key, range in
                    entry.take(String(decoding: key, as: UTF8.self), UnsafeBufferPointer(rebasing: buffer[range]))
                }) != nil
        }
        guard isRead else { return nil }
        self = entry
    }

    private mutating func take(_ key: String, _ value: UnsafeBufferPointer<UInt8>) {
        let number = JSONReader.count(value)
        let text = JSONReader.string(value) ?? ""
        switch key {
        case "n": self.number = number
        case "at": at = number
        case "attempt": attempt = number
        case "reason": reason = Reason(rawValue: text) ?? .failed
        case "type": type = text
        case "message": message = text
        case "worker": worker = text
        case "ms": ms = number
        default: break
        }
    }

    /// Type and message as they are stored.
    var storedType: String { Self.cut(type, limit: Self.typeLimit) }
    var storedMessage: String { Self.cut(message, limit: Self.messageLimit) }

    /// At most `limit` bytes of JSON, without half a character at the end.
    private static func cut(_ text: String, limit: Int) -> String {
        var size = 0
        var end = text.startIndex
        for index in text.unicodeScalars.indices {
            if size <= limit - 3 { end = index }
            size += JSONWriter.size(of: text.unicodeScalars[index])
            if size > limit { return String(text.unicodeScalars[..<end]) + "…" }
        }
        return text
    }
}
