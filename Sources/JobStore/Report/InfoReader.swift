package import JobModel
import Redis

/// Collects a report: what `info`, the API and the metrics show is one look at the same numbers.
package struct InfoReader: Sendable {
    private let store: Store

    package init(store: Store) { self.store = store }

    /// A report on all queues, or on those of some names that are there. A queue that cannot be read does not hide the others.
    package func report(_ only: [QueueName]) async throws(StoreError) -> InfoReport {
        let known = try await store.queues()
        var snapshots: [QueueSnapshot] = []
        var findings: [InfoReport.Attention] = []
        for name in only.isEmpty ? known : only {
            let snapshot: QueueSnapshot
            do throws(StoreError) {
                snapshot = try await store.queue(name).snapshot()
                if let finding = try await unhandled(snapshot) { findings.append(finding) }
            } catch {
                guard error.isOfOneQueue else { throw error }
                findings.append(.init(queue: name.text, code: "unreadable", message: "\(error)"))
                continue
            }
            // A queue that other programs filled is in no register before its first worker.
            if known.contains(name) || !snapshot.isBlank { snapshots.append(snapshot) }
        }
        return InfoReport(server: try await store.server(), snapshots: snapshots, findings: findings)
    }

    /// Jobs without a handler try again within minutes, so they are among the next to be due.
    private func unhandled(_ snapshot: QueueSnapshot) async throws(StoreError) -> InfoReport.Attention? {
        guard snapshot.count(.retrying) > 0 else { return nil }
        let queue = store.queue(snapshot.name)
        let next = try await queue.ids(.retrying, offset: 0, limit: 200)
        let waiting = try await queue.inspect(next, full: false).jobs.filter { $0.record.last == .unhandled }
        guard let first = waiting.first else { return nil }
        let envelope = try await queue.inspect([first.id], full: true).jobs.first?.envelope ?? []
        let name = (try? Envelope(parsing: envelope))?.name ?? first.id
        let count = Quantity.of(waiting.count, "job") + (snapshot.count(.retrying) > next.count ? " or more" : "")
        return .init(
            queue: snapshot.name.text, code: "no-handler",
            message: "no worker had a handler for \(count), such as \(name)")
    }
}

extension StoreError {
    /// Something is wrong with what one queue holds, and not with the connection.
    fileprivate var isOfOneQueue: Bool {
        switch self {
        case .foreignFormat, .badAnswer: true
        case .unwritten: false
        case .redis(let error):
            switch error {
            case .noScript, .wrongType, .moved, .ask, .script, .server, .protocolError: true
            default: false
            }
        }
    }
}
