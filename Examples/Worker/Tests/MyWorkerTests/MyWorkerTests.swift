import Foundation
import JobQueueClient
import JobQueueWorker
import Jobs
import Testing

@testable import my_worker

/// The handlers as functions, and the whole program with a Redis of its own: `my-worker dev`.
@Suite(.timeLimit(.minutes(2))) struct MyWorkerTests {
    @Test func `words are counted whatever their case`() {
        #expect(MyWorker.count("A rose is a rose.") == ["a": 2, "rose": 2, "is": 1])
    }

    @Test func `a mail without an address is hopeless`() {
        #expect(throws: JobError.self) { try Mailer(folder: "/nowhere").send(SendEmail(to: "x", subject: ""), id: "1") }
    }

    @Test func `jobs go from a producer through the program and back`() async throws {
        let folder = URL(fileURLWithPath: "/tmp/my-worker-\(UUID().uuidString.prefix(8))", isDirectory: true)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: false)
        defer { try? FileManager.default.removeItem(at: folder) }
        let program = try Program(["dev"], in: folder)
        let queue = try await program.connected(folder.appending(path: ".queue/redis.sock").path)

        let mail = try await queue.enqueue(SendEmail(to: "a@example.org", subject: "hello"))
        let words = try await queue.enqueue(CountWords(text: "to be or not to be"))
        guard case .succeeded = try await mail.outcome(), case .succeeded(let result) = try await words.outcome() else {
            Issue.record("a job did not succeed")
            return
        }
        #expect(try result.decode() == ["to": 2, "be": 2, "or": 1, "not": 1])
        let text = try String(contentsOf: folder.appending(path: "outbox/\(mail.id).eml"), encoding: .utf8)
        #expect(text == "To: a@example.org\nSubject: hello\n")
        await queue.close()
        #expect(program.stop() == 0)
    }
}

/// The program that this package builds.
private final class Program {
    struct NotUp: Error {}

    private let process = Process()

    init(_ arguments: [String], in folder: URL) throws {
        process.executableURL = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
            .deletingLastPathComponent().appending(path: "my-worker")
        process.arguments = arguments
        process.currentDirectoryURL = folder
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
    }

    deinit { if process.isRunning { kill(process.processIdentifier, SIGKILL) } }

    /// A connection to the program's Redis, once it is there.
    func connected(_ socket: String) async throws -> JobQueue {
        while process.isRunning {
            if let queue = try? await JobQueue(url: "unix://\(socket)") { return queue }
            try await Task.sleep(for: .milliseconds(20))
        }
        throw NotUp()
    }

    func stop() -> Int32 {
        process.terminate()
        process.waitUntilExit()
        return process.terminationStatus
    }
}
