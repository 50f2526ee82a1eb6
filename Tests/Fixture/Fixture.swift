import JobQueueCLI
import JobQueueWorker

/// The whole command with handlers that misbehave on demand and keep a journal, for the tests of processes.
@main
struct Fixture {
    static func main() async { await QueueWorkerApp.main(handlers: TestHandlers.all()) }
}
