import JobModel
import JobStore

// What all pages say of a queue or a worker in the same words.

extension InfoReport.Queue {
    /// Jobs a second; `-` of a paused queue, of which nothing is expected.
    func rate(_ rate: KeyPath<Self, Double>) -> String {
        isPaused && self[keyPath: rate] == 0 ? "-" : Quantity.rate(self[keyPath: rate])
    }
}

extension InfoReport.Worker {
    /// What it has been at for the longest time.
    var oldestRun: WorkerCard.Run? { runs.min { $0.started < $1.started } }
}

extension InfoReport.Outbox {
    /// `1,204 rows wait, the oldest for 3s · 2 rejected`.
    func words(hasUnicode: Bool) -> String {
        let rows = rows ?? 0
        let waiting =
            rows == 0
            ? "no row waits"
            : "\(Quantity.count(rows)) \(rows == 1 ? "row waits" : "rows wait")"
                + (oldestMs.map { ", the oldest for \(Quantity.time(ms: $0))" } ?? "")
        guard let rejected, rejected > 0 else { return waiting }
        return waiting + (hasUnicode ? " · " : ", ") + "\(Quantity.count(rejected)) rejected"
    }

}

extension InfoReport {
    /// What wants attention, an outbox that could not be looked at first.
    var allAttention: [Attention] {
        let trouble = outbox?.error.map { Attention(queue: "outbox", code: "outbox", message: $0) }
        return [trouble].compactMap(\.self) + attention
    }
}
