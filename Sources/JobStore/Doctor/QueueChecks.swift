import JobModel
import Redis

/// What `doctor` says of the queues. One row for all of them: the worst is named first.
extension Examination {
    static let format = Check<Examination>("format") { seen in
        seen.withQueues { queues in
            for queue in queues {
                guard case .failure(.foreignFormat(let found)) = queue.snapshot else { continue }
                return .fail(
                    "queue \(queue.name) is stored in format \(found), this version speaks \(StoreScript.format)",
                    "upgrade this program")
            }
            for queue in queues {
                if case .failure(let error) = queue.snapshot {
                    return seen.hidden(error, "looking at queue \(queue.name)")
                }
            }
            if let stranger = queues.first(where: { !$0.isKnown && $0.isEmpty }) {
                return .warn(
                    "there is no queue \(stranger.name): nothing was ever enqueued to it",
                    "check the name: queue-worker info"
                )
            }
            return .ok(queues.isEmpty ? "no queues yet" : "\(counted(queues)) in format \(StoreScript.format)")
        }
    }

    static let workers = Check<Examination>("workers") { seen in
        seen.withQueues { queues in
            let forsaken = queues.filter(\.isForsaken)
            guard let first = forsaken.first else {
                return .ok(queues.isEmpty ? "no queues yet" : "every queue with jobs has a worker")
            }
            let others = forsaken.count > 1 ? " and \(forsaken.count - 1) more" : ""
            return .warn(
                "queue \(first.name)\(others) has jobs, and no worker listens",
                "run: queue-worker run --queues \(forsaken.prefix(5).map(\.name.text).joined(separator: ","))")
        }
    }

    /// From here on a growing hash moves noticeably long, and so does whoever forks the server.
    private static let largeBytes = 256 << 20

    static let size = Check<Examination>("size") { seen in
        seen.withQueues { queues in
            let sizes = queues.compactMap { queue in
                (try? queue.jobBytes.get()).map { (name: queue.name, bytes: $0) }
            }
            if let hidden = queues.first, sizes.isEmpty, case .failure(let error) = hidden.jobBytes {
                return seen.hidden(error, "MEMORY USAGE", extra: "+memory|usage")
            }
            guard let largest = sizes.max(by: { $0.bytes < $1.bytes }) else { return .ok("no queues yet") }
            let text = "the jobs of \(largest.name) take \(Size.text(largest.bytes))"
            guard largest.bytes > largeBytes else {
                return .ok(largest.bytes == 0 ? "no jobs are stored" : "\(text), the most of all queues")
            }
            return .warn(
                text,
                "empty it: more workers, shorter result TTLs, queue-worker dead ls -q \(largest.name); "
                    + "keep large payloads elsewhere")
        }
    }

    private static func counted(_ queues: [Queue]) -> String {
        queues.count == 1 ? "1 queue" : "\(queues.count) queues"
    }

    private func withQueues(_ look: ([Queue]) -> Verdict) -> Verdict {
        switch queues {
        case .success(let queues): look(queues)
        case .failure(let error): hidden(error, "listing the queues")
        }
    }
}

extension Examination.Queue {
    /// As a queue looks that never was.
    fileprivate var isEmpty: Bool { (try? snapshot.get()).map(\.isBlank) ?? false }

    /// There is something to do and nobody who would.
    fileprivate var isForsaken: Bool {
        guard let snapshot = try? snapshot.get(), !snapshot.isPaused else { return false }
        let open = JobState.allCases.reduce(snapshot.inbox) { $0 + ($1.isFinal ? 0 : snapshot.count($1)) }
        return open > 0 && !snapshot.workers.contains { $0.deadline >= Double(snapshot.now) }
    }
}

extension QueueSnapshot {
    /// As a queue looks that never was.
    package var isBlank: Bool {
        meta.isEmpty && inbox == 0 && workers.isEmpty && counts.values.allSatisfy { $0 == 0 }
    }
}

extension RedisConfiguration {
    /// An IPv4 address of this machine alone; a name may begin alike.
    private static func isLoopback(_ host: String) -> Bool {
        host.hasPrefix("127.") && host.utf8.allSatisfy { $0 == UInt8(ascii: ".") || (48...57).contains($0) }
    }

    /// What is sent stays on this machine.
    var staysHere: Bool {
        switch endpoint {
        case .unix: true
        case .tcp(let host, _): host == "localhost" || host == "::1" || Self.isLoopback(host)
        }
    }
}
