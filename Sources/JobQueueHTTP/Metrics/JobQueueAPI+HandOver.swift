import JobQueueClient
import JobStore

extension JobQueueAPI {
    /// Hands over one job, and counts what became of it.
    func handOver(_ offer: Offer) async -> JobQueue.OfferResult {
        let result = await queue.offer(offer)
        count(result, offer)
        return result
    }

    /// The same for many.
    func handOver(_ offers: [Offer], atomic: Bool) async -> [JobQueue.OfferResult] {
        let results = await queue.offer(offers, atomic: atomic)
        for (offer, result) in zip(offers, results) { count(result, offer) }
        return results
    }

    /// What was wrong in itself, or met an error, came to no queue.
    private func count(_ result: JobQueue.OfferResult, _ offer: Offer) {
        guard let meter, case .success(let offered) = result else { return }
        meter.handed(to: offered.queue, name: offer.name, offered.admission.word)
    }
}
