import Foundation
import JobModel
import JobQueueWorker
import Logging
import TestSupport
import Testing

@testable import JobQueueExec

/// Runs shell texts as children of exec handlers, without a queue around them.
struct Shell: Sendable {
    /// What came of a run.
    struct End: Sendable {
        var verdict: Verdict
        var child: ChildEnd

        /// The result, as JSON.
        var json: String? {
            guard case .result(let bytes) = verdict else { return nil }
            return String(decoding: bytes, as: UTF8.self)
        }
        /// The text of a result that is a string.
        var text: String? {
            json.flatMap { try? JSONDecoder().decode(String.self, from: Data($0.utf8)) }
        }
        var failure: String? { if case .failed(let message) = verdict { message } else { nil } }
    }

    static let facts = JobFacts(
        id: "01JOB", name: "exec.test", queue: "mail", attempt: 2, maxAttempts: 5, epoch: 17, generation: 3,
        deadline: nil)

    var handler: ExecHandler
    /// What the worker has in its environment; nil: what the test has.
    var worker: [String: String]?
    var facts = Shell.facts
    let lines = Log<ErrorStream.Line>()

    init(_ text: String, _ change: (inout ExecHandler) -> Void = { _ in }) {
        self.init(ExecHandler("/bin/sh", "-c", text), change)
    }

    init(_ handler: ExecHandler, _ change: (inout ExecHandler) -> Void = { _ in }) {
        self.handler = handler
        change(&self.handler)
    }

    func run(_ payload: some Sequence<UInt8> = "null".utf8) async throws -> End {
        var runner = ExecRunner(handler)
        if let worker { runner.launch = Launch(handler, worker: worker) }
        let child = try await runner.child(of: facts, payload: Array(payload)[...]) { line in
            lines.note(line)
        }
        return End(verdict: Verdict.judge(child, maxResultBytes: handler.maxResultBytes), child: child)
    }

    /// Runs it, and stops it once it has written a line to stderr that begins with `word`. Answers the rest of that line too.
    func stopped(after word: String = "ready") async throws -> (end: End, rest: String) {
        try await withThrowingTaskGroup(of: End.self) { group in
            group.addTask { try await run() }
            let rest = try await line(word)
            group.cancelAll()
            return (try #require(await group.next()), rest)
        }
    }

    /// Waits for a line on stderr that begins with `word`, and answers its rest.
    func line(_ word: String) async throws -> String {
        let found = try await lines.items { $0.contains { $0.text.hasPrefix(word) } }
        let line = found.first { $0.text.hasPrefix(word) }?.text ?? ""
        return line.dropFirst(word.count).trimmingCharacters(in: .whitespaces)
    }
}

/// Processes as the kernel tells of them.
enum Processes {
    /// Is there a process of that number that still runs? A zombie does not.
    static func isAlive(_ pid: Int32) -> Bool {
        guard kill(pid, 0) == 0 else { return false }
        return state(of: pid).map { $0 != "Z" } ?? false
    }

    static func parent(of pid: Int32) -> Int32? {
        guard let fields = fields(of: pid), fields.count > 1 else { return nil }
        return Int32(fields[1])
    }

    /// Waits until all are gone.
    static func areGone(_ pids: some Collection<Int32>) async throws {
        _ = try await eventually {
            pids.filter(isAlive)
        } is: {
            $0.isEmpty
        }
    }

    /// Children of this process that nobody has reaped.
    static var zombies: Int {
        let numbers = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        return numbers.compactMap { Int32($0) }.count { pid in
            guard let fields = fields(of: pid), fields.count > 1 else { return false }
            return fields[0] == "Z" && Int32(fields[1]) == getpid()
        }
    }

    /// The children of a process, zombies included.
    static func children(of pid: Int32) -> [Int32] {
        let numbers = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        return numbers.compactMap { Int32($0) }.filter { parent(of: $0) == pid }
    }

    static func descriptors(of pid: Int32) -> Int {
        (try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(pid)/fd").count) ?? -1
    }

    static var descriptors: Int { (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count) ?? -1 }
    static var threads: Int { (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/task").count) ?? -1 }

    private static func state(of pid: Int32) -> Substring? { fields(of: pid)?.first }

    /// State, parent, group …, behind the name, which may hold anything.
    private static func fields(of pid: Int32) -> [Substring]? {
        guard let text = try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8),
            let end = text.lastIndex(of: ")")
        else { return nil }
        return text[text.index(after: end)...].split(separator: " ")
    }
}

/// A folder of the test's own.
final class Folder: Sendable {
    let path: String

    init() throws {
        path = NSTemporaryDirectory() + "exec-test-\(UUID().uuidString.prefix(8))"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    /// Writes a file and answers its path. A child writes it: a descriptor of ours, open for writing, would for a moment
    /// be in every other child that is just being started, and Linux executes no file that somebody writes.
    func file(_ name: String, _ text: String, mode: String = "755") async throws -> String {
        let file = "\(path)/\(name)"
        let end = try await Shell("cat > '\(file)' && chmod \(mode) '\(file)'").run(text.utf8)
        try #require(end.verdict == .result(Array("null".utf8)))
        return file
    }
}
