public import JobQueueWorker

extension Handlers {
    /// Lets isolated handlers run in processes of their own. Call it once, after all handlers are added and before anything
    /// else: the program is started once more for each job, up to this call.
    ///
    ///     var handlers = Handlers()
    ///     handlers.on(Resize.self, as: .isolated) { job, context in … }
    ///     await handlers.isolate()
    ///     try await Worker(url: "redis://localhost", handlers: handlers).run()
    ///
    /// In a process that was started for a job it runs that job and ends the process: it does not return there. A worker
    /// refuses isolated handlers without it. `WorkerApp` and `QueueWorkerApp` call it.
    public mutating func isolate() async {
        if IsolatedMark.isHere { await IsolatedChild.run(self) }
        replaceIsolated { way in
            let runner = IsolatedRunner(way)
            return { payload, context in try await runner.run(payload, context) }
        }
    }
}
