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
