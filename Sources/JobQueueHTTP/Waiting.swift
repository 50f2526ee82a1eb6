import JobModel
import JobQueueClient
import JobStore

extension JobQueueAPI {
    /// Looks at a job until it has ended, at most for so long; answers what it saw last and how long it waited.
    ///
    /// The pauses grow with the wait: a job of 5 ms is answered after 7, a job of a minute costs Redis four questions a second.
    func awaitEnd(
        of id: String, in queue: QueueName, within limit: Duration
    ) async throws(Problem) -> (view: JobView, waited: Duration) {
        let start = ContinuousClock.now
        var pause = Duration.milliseconds(2)
        while true {
            let view = try await view(of: id, in: queue)
            let waited = ContinuousClock.now - start
            if view.state?.isFinal ?? true { return (view, waited) }
            let left = limit - waited
            if left <= .zero || Task.isCancelled || waits.isEnding { return (view, waited) }
            try? await Task.sleep(for: min(pause, left))
            pause = min(pause * 2, .milliseconds(250))
        }
    }

    /// Throws `jobNotFound` for an id that is neither there nor remembered.
    func view(of id: String, in queue: QueueName) async throws(Problem) -> JobView {
        let view = try await asking { () throws(StoreError) in
            try await self.queue.store.queue(queue).inspect([id], full: true).jobs[0]
        }
        if view.state != nil || view.isRemembered { return view }
        throw Problem(
            .jobNotFound, "there is no job \(id) in the queue \(queue): it never was, or it ended and is forgotten")
    }
}
