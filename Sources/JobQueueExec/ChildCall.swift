import JobQueueWorker

/// One child, started and served on a thread of its own.
struct ChildCall: Sendable {
    let launch: Launch
    let job: JobFacts
    let input: ArraySlice<UInt8>
    let limits: ChildRun.Limits

    /// A worker that shuts down waits 2 s for handlers that it has cancelled, then its process ends: children that are deaf
    /// to TERM must be gone by then, for nobody else would end what they started.
    private static let shutdownGrace = Duration.milliseconds(1500)
    /// Enough to read deeply nested JSON.
    private static let stack = 1024 * 1024

    /// How long a child may go on after TERM: `most`, or less when the worker cannot wait.
    static func grace(_ most: Duration, _ context: JobContext) -> @Sendable () -> Duration {
        { context.cancellation == .shutdown ? min(most, shutdownGrace) : most }
    }

    /// When the task is cancelled the child is told to stop, and the call returns once its group is gone.
    func end(_ log: @escaping @Sendable (ErrorStream.Line) -> Void) async throws(Launch.Failure) -> ChildEnd {
        let stop = try StopSwitch()
        let result: Result<ChildEnd, Launch.Failure> = await withTaskCancellationHandler {
            await withCheckedContinuation { caller in
                let isStarted = OwnThread.start("exec handler", stack: Self.stack) {
                    do throws(Launch.Failure) {
                        let child = try launch.start(job)
                        let run = ChildRun(child, input: input, limits: limits, stop: stop, log: log)
                        caller.resume(returning: .success(run.run()))
                    } catch { caller.resume(returning: .failure(error)) }
                }
                if !isStarted { caller.resume(returning: .failure(.shortage("no thread can be started"))) }
            }
        } onCancel: {
            stop.flip()
        }
        return try result.get()
    }
}
