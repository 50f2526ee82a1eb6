import JobModel

extension Explanation {
    /// The fact in words, one printable line; `now` in ms since 1970.
    package func sentence(now: Int) -> String { Printable.oneLine(words(now), limit: 400) }

    private func words(_ now: Int) -> String {
        func at(_ ms: Int) -> String {
            let span = Quantity.time(ms: abs(ms - now))
            return "\(Timestamp.text(ms)) (\(ms > now ? "in \(span)" : "\(span) ago"))"
        }
        func since(_ ms: Int?) -> String { ms.map { " since \(at($0))" } ?? "" }
        switch self {
        case .unknown: return "there is no such job: it never was, or it is forgotten"
        case .remembered: return "it ended and is forgotten; only its id is remembered"
        case .inInbox: return "it is in the inbox: a worker of the queue takes it in within seconds"
        case .scheduled(let due): return "its time comes at \(at(due))"
        case .retrying(let due, let failed, let most, let error):
            let limit = most.map { " of \($0)" } ?? ""
            return "\(failed)\(limit) attempts failed, the next one is at \(at(due))\(Self.because(error))"
        case .overdue(let due): return "its time came at \(at(due)): a worker of the queue moves it into the line"
        case .blocked: return "it waits for other jobs"
        case .suspect(let due, let lost):
            return "\(lost) runs in a row were lost, so it runs alone, when a worker is empty"
                + (due > now ? ", not before \(at(due))" : "")
        case .inLine(let ahead, let busy, let slots):
            return "it is number \(ahead + 1) in line; \(busy) of \(slots) slots are busy"
        case .running(let worker, let start, let isAsked):
            let who = worker.map { "\($0) has it" } ?? "a worker has it"
            return who + (start.map { ", running since \(at($0))" } ?? "") + (isAsked ? "; it was asked to stop" : "")
        case .lost(let worker, let ms, let after):
            let who = worker.map { " of \($0)" } ?? ""
            return "the lease\(who) ran out at \(at(ms)): another worker gives it back"
                + (after.map { ", not before \(at($0))" } ?? "")
        case .recovering(let worker):
            return "its worker\(worker.map { " \($0)" } ?? "") is lost, and its jobs are being given back"
        case .succeeded(let ms): return "it succeeded" + (ms.map { " at \(at($0))" } ?? "")
        case .dead(let ms, let reason, let error):
            return "it died at \(at(ms)) (\(reason?.rawValue ?? "unknown"))\(Self.because(error))"
        case .cancelled(let ms): return "it was cancelled" + (ms.map { " at \(at($0))" } ?? "")
        case .paused(let by, let reason, let ms):
            return "the queue is paused" + (by.map { " by \($0)" } ?? "") + since(ms) + (reason.map { ": \($0)" } ?? "")
        case .noWorker(let waiting): return "no live worker serves the queue; \(Quantity.of(waiting, "job")) to do"
        case .quiet(let workers, let waiting):
            return "\(Self.quiet(workers)); \(Quantity.of(waiting, "job")) to start: \(Self.resume(workers))"
        case .noHandler(let name, let workers):
            return "none of \(Quantity.of(workers, "live worker")) has a handler for \(name)"
        case .slotsBusy(let waiting, let slots):
            return "\(Quantity.of(waiting, "job")) to start, and all \(Quantity.of(slots, "slot")) are busy"
        case .working(let waiting, let busy, let slots):
            return "\(Quantity.of(waiting, "job")) to start; \(busy) of \(slots) slots are busy"
        case .idle(let due):
            return "nothing is to be started now" + (due.map { ", the next job is due at \(at($0))" } ?? "")
        }
    }

    /// Who claims nothing, of those that could.
    static func quiet(_ workers: [String]) -> String {
        guard workers.count > 1 else {
            return "the only worker for it, \(workers.first ?? "?"), is quiet and claims nothing"
        }
        let more = workers.count > named ? " and \(workers.count - named) more" : ""
        return "all \(workers.count) workers for it are quiet and claim nothing: "
            + workers.prefix(named).joined(separator: ", ") + more
    }

    /// What lets them claim again. It is copied into shells: ids that are more than words there are left to be looked up.
    static func resume(_ workers: [String]) -> String {
        let isPlain = workers.allSatisfy { id in
            !id.hasPrefix("-") && id.split(separator: ":").allSatisfy { Names.isName(String($0)) }
        }
        let whom = isPlain && workers.count <= named ? workers.joined(separator: " ") : "WORKER…"
        return "queue-worker workers resume \(whom)"
    }

    /// So many are named.
    private static let named = 3

    private static func because(_ error: ErrorEntry?) -> String {
        guard let error, !error.message.isEmpty else { return "" }
        let message = error.message.replacing("\n", with: " ")
        return ": " + (error.type.isEmpty ? "" : "\(error.type): ") + message
    }
}

/// The fact for programs: `code`, `message`, and of the others those that it has.
package struct ExplanationSheet: Codable, Equatable, Sendable {
    package var code: String
    package var message: String
    /// When it is due, began, ended, or since when it is so, ms since 1970.
    package var atMs: Int?
    package var worker: String?
    /// Ids, where it is about several.
    package var workers: [String]?
    package var by: String?
    package var reason: String?
    package var name: String?
    package var ahead: Int?
    package var waiting: Int?
    package var busy: Int?
    package var slots: Int?

    package init(_ fact: Explanation, now: Int) {
        code = fact.code
        message = fact.sentence(now: now)
        switch fact {
        case .unknown, .remembered, .inInbox, .blocked: break
        case .scheduled(let due), .overdue(let due), .suspect(let due, _): atMs = due
        case .retrying(let due, _, _, let error): (atMs, reason) = (due, error?.reason.rawValue)
        case .inLine(let ahead, let busy, let slots): (self.ahead, self.busy, self.slots) = (ahead, busy, slots)
        case .running(let worker, let start, _): (self.worker, atMs) = (worker, start)
        case .lost(let worker, let ms, _): (self.worker, atMs) = (worker, ms)
        case .recovering(let worker): self.worker = worker
        case .succeeded(let ms), .cancelled(let ms): atMs = ms
        case .dead(let ms, let reason, _): (atMs, self.reason) = (ms, reason?.rawValue)
        case .paused(let by, let reason, let ms): (self.by, self.reason, atMs) = (by, reason, ms)
        case .noWorker(let waiting): self.waiting = waiting
        case .quiet(let workers, let waiting): (self.workers, self.waiting) = (workers, waiting)
        case .noHandler(let name, _): self.name = name
        case .slotsBusy(let waiting, let slots): (self.waiting, self.slots) = (waiting, slots)
        case .working(let waiting, let busy, let slots): (self.waiting, self.busy, self.slots) = (waiting, busy, slots)
        case .idle(let due): atMs = due
        }
    }
}
