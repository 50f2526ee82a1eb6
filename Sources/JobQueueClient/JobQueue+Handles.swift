import JobModel

extension JobQueue {
    /// A handle to a job that somebody else enqueued. Nothing is asked of Redis yet.
    ///
    /// Throws `badName`.
    public func job(_ id: String, queue: String = "default") throws(JobQueueError) -> JobHandle {
        do throws(NameError) {
            try Names.checkID(id)
            return JobHandle(id: id, queue: try QueueName(queue), home: self)
        } catch { throw JobQueueError(.badName, "\(error)") }
    }
}
