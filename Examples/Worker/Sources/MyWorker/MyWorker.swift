import Configuration
import Foundation
import JobQueueCLI
import JobQueueWorker
import Jobs

/// The worker. It has every command of `queue-worker`: `my-worker dev`, `my-worker run`, `my-worker info` …
@main
struct MyWorker: WorkerApp {
    static func register(_ handlers: inout Handlers, _ config: ConfigReader) async throws {
        // app.outbox of queue.yaml, APP_OUTBOX, or the file app_outbox among the secrets.
        let mailer = Mailer(folder: config.string(forKey: "app.outbox", default: "outbox"))

        handlers.on(SendEmail.self) { job, context in
            try mailer.send(job, id: context.id)
            context.logger.info("mail written")
        }
        // It keeps a processor busy and never waits: on a thread of its own it is in nobody's way.
        handlers.on(CountWords.self, as: .blocking) { job, _ in count(job.text) }
    }

    static func count(_ text: String) -> [String: Int] {
        text.lowercased().split { !$0.isLetter }.reduce(into: [:]) { $0[String($1), default: 0] += 1 }
    }
}

/// Writes mails into a folder instead of sending them.
struct Mailer {
    var folder: String

    /// The same job writes the same file: a second run does no harm.
    func send(_ mail: SendEmail, id: String) throws {
        // Nobody gets mail by trying again.
        guard mail.to.contains("@") else { throw JobError.permanent("\(mail.to) is no address") }
        let url = URL(fileURLWithPath: folder, isDirectory: true)
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
        let text = "To: \(mail.to)\nSubject: \(mail.subject)\n"
        try Data(text.utf8).write(to: url.appending(path: "\(id).eml"), options: .atomic)
    }
}
