import JobQueueClient
import JobStore
import Telemetry

extension JobQueueAPI {
    /// Hands over one job, and counts what became of it.
    func handOver(_ offer: Offer) async -> JobQueue.OfferResult {
        let result = await queue.offer(offer)
        count([result], [offer.name])
        return result
    }

    /// The same for many.
    func handOver(_ offers: [Offer], atomic: Bool) async -> [JobQueue.OfferResult] {
        let results = await queue.offer(offers, atomic: atomic)
        count(results, offers.map(\.name))
        return results
    }

    /// The same for many of these names that have been made ready; their time counts from `since`.
    func handOver(
        _ offers: [JobQueue.ReadyOffer], _ names: [String], since: ContinuousClock.Instant
    ) async -> [JobQueue.OfferResult] {
        let results = await queue.offer(offers.map { .success($0) }, atomic: false, since: since)
        count(results, names)
        return results
    }

    /// What was wrong in itself, or met an error, came to no queue. Nearly always the jobs of a call have one fate: what is
    /// the same in a row is counted together.
    private func count(_ results: [JobQueue.OfferResult], _ names: [String]) {
        guard let meter = meter?.enqueued else { return }
        var row: (kind: EnqueuedMeter.Handed, count: Int)?
        for (name, result) in zip(names, results) {
            guard case .success(let offered) = result else { continue }
            let kind = EnqueuedMeter.Handed(queue: offered.queue, name: name, result: offered.admission.word)
            if row?.kind == kind {
                row?.count += 1
            } else {
                if let row { meter.count(row.count, row.kind) }
                row = (kind, 1)
            }
        }
        if let row { meter.count(row.count, row.kind) }
    }
}
