public import JobQueueWorker

extension Handlers {
    /// Runs jobs of a name as child processes: payload on stdin, result from stdout.
    ///
    /// A name that breaks the rule for names, or that has a handler already, is a programming error. That the executable
    /// is there is not looked at here: `ExecHandler.check()` does.
    public mutating func on(name: String, exec handler: ExecHandler) {
        let runner = ExecRunner(handler)
        add(name) { payload, context in try await runner.run(payload, context) }
    }
}
