package import JobModel
import Redis

/// Collects a report: what `info`, the API and the metrics show is one look at the same numbers.
package struct InfoReader: Sendable {
    private let store: Store

    package init(store: Store) { self.store = store }

    /// Queues that are asked at the same time.
    private static let width = 64

    /// A report on all queues, or on those of some names that are there. A queue that cannot be read does not hide the others.
    /// `series`: with what went through each queue between the samples that are kept.
    package func report(_ only: [QueueName], series: Bool = false) async throws(StoreError) -> InfoReport {
        let start = ContinuousClock.now
        let known = try await store.queues()
        let ping = ContinuousClock.now - start
        async let asked = server()
        let looks = try await looks(at: only.isEmpty ? known : only, series: series)
        // A queue that other programs filled is in no register before its first worker.
        let register = Set(known)
        let snapshots = looks.compactMap(\.snapshot).filter { register.contains($0.name) || !$0.isBlank }
        return InfoReport(
            server: try await asked.get(), snapshots: snapshots, findings: looks.compactMap(\.finding),
            pingMs: Double(ping.components.attoseconds) / 1e15 + Double(ping.components.seconds) * 1000, series: series)
    }

    private func server() async -> Result<ServerFacts, StoreError> {
        await seen { () throws(StoreError) in try await store.server() }
    }

    /// What came of looking at one queue.
    private struct Look: Sendable {
        var place: Int
        var snapshot: QueueSnapshot?
        var finding: InfoReport.Attention?
    }

    /// All at once on one connection, so that it takes hardly longer than one; the answers are in the order of the names.
    private func looks(at names: [QueueName], series: Bool) async throws(StoreError) -> [Look] {
        let results = await withTaskGroup(of: Result<Look, StoreError>.self) { group in
            var results: [Result<Look, StoreError>] = []
            for (place, name) in names.enumerated() {
                if place >= Self.width, let result = await group.next() { results.append(result) }
                group.addTask {
                    await seen { () throws(StoreError) in try await look(at: name, place, series: series) }
                }
            }
            for await result in group { results.append(result) }
            return results
        }
        var looks: [Look] = []
        for result in results { looks.append(try result.get()) }
        return looks.sorted { $0.place < $1.place }
    }

    private func look(at name: QueueName, _ place: Int, series: Bool) async throws(StoreError) -> Look {
        do throws(StoreError) {
            let snapshot = try await store.queue(name).snapshot(series: series)
            return Look(place: place, snapshot: snapshot, finding: try await unhandled(snapshot))
        } catch {
            guard error.isOfOneQueue else { throw error }
            return Look(place: place, finding: .init(queue: name.text, code: "unreadable", message: "\(error)"))
        }
    }

    /// Jobs without a handler try again within minutes, so they are among the next to be due.
    private func unhandled(_ snapshot: QueueSnapshot) async throws(StoreError) -> InfoReport.Attention? {
        guard snapshot.count(.retrying) > 0 else { return nil }
        let queue = store.queue(snapshot.name)
        let next = try await queue.ids(.retrying, offset: 0, limit: 50)
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

/// The outcome as a value, which a group of tasks can pass on without losing its type.
private func seen<T: Sendable>(
    _ look: () async throws(StoreError) -> T
) async -> Result<T, StoreError> {
    do throws(StoreError) { return .success(try await look()) } catch { return .failure(error) }
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
