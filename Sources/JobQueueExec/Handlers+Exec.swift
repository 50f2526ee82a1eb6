import CoreMetrics
public import JobQueueWorker

extension Handlers {
    /// Runs jobs of a name as child processes: payload on stdin, result from stdout.
    ///
    /// A name that breaks the rule for names, or that has a handler already, is a programming error. That the executable
    /// is there is not looked at here: `ExecHandler.check()` does.
    ///
    /// Children are counted by how they ended, with the factory that swift-metrics has at the first run (Docs/metrics.md).
    public mutating func on(name: String, exec handler: ExecHandler) {
        on(name: name, exec: handler, metrics: nil)
    }

    /// The same with a factory that is not the process'.
    mutating func on(name: String, exec handler: ExecHandler, metrics: (any MetricsFactory)?) {
        let runner = ExecRunner(handler, metrics: metrics)
        add(name) { payload, context in try await runner.run(payload, context) }
    }
}
