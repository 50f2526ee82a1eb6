import JobQueueCLI

/// The stock executable: every command, no handlers of its own.
@main
struct QueueWorker {
    static func main() async { await QueueWorkerApp.main() }
}
