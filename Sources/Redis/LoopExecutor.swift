package import NIOCore

/// Runs tasks on the event loop of a connection, so that a reply wakes no other thread. For tasks that do little between two
/// round trips: while they run, nothing else does there.
package final class LoopExecutor: TaskExecutor {
    private let loop: any EventLoop

    package init(_ loop: any EventLoop) { self.loop = loop }

    package func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        loop.execute { [self] in job.runSynchronously(on: asUnownedTaskExecutor()) }
    }
}
